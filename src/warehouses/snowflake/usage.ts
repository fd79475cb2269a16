import type { SyncUsage } from '../../contract/quota.js';
import type { SyncLookup } from '../../domain/quota-ledger.js';
import type { UsageByDay } from '../../domain/quota-state.js';
import type { UsageQuestion, UsageReading } from '../warehouse.js';
import type { SnowflakeClient } from './client.js';
import { isMissing } from './errors.js';
import { readWhereTables } from './history.js';
import { schemaName, tableNames, type TableNames } from './names.js';
import type { Session } from './session.js';

/** Each chunk counts on the day on which it was finished. Known as long as a sync's chunks are there; settling keeps it in the sync's row. */
export async function usageOfChunks(session: Session, tables: TableNames, number: number): Promise<UsageByDay> {
  const days = await session.run<{ day: string; succeeded: number; failed: number }>(
    `SELECT "finished_on" AS "day", SUM("succeeded") AS "succeeded", SUM("failed") AS "failed" FROM ${tables.chunks}
     WHERE "sync" = ${number} AND "finished_on" IS NOT NULL AND "succeeded" + "failed" > 0 GROUP BY "finished_on"`,
  );
  return Object.fromEntries(days.rows.map(({ day, succeeded, failed }) => [day, { succeeded, failed }]));
}

/** What a sync used, and which syncs are settled. */
export async function readSyncUsage(client: SnowflakeClient, subscriptionId: string, number: number): Promise<SyncUsage & SyncLookup> {
  const tables = tableNames(client.settings, subscriptionId);
  const row = await readWhereTables(client, subscriptionId, undefined, (session) =>
    session.first<{ usage: string | null; reserved: boolean | null; settled_through: number }>(
      `SELECT "y"."usage" AS "usage", "y"."to_send" + "y"."beyond_quota" > 0 AS "reserved", "l"."settled_through" AS "settled_through"
       FROM (SELECT IFNULL(MAX("number"), 0) AS "settled_through" FROM ${tables.syncs} WHERE "finished_at" IS NOT NULL) AS "l"
       LEFT JOIN ${tables.syncs} AS "y" ON "y"."number" = ${number} AND "y"."finished_at" IS NOT NULL`,
    ),
  );
  const usage = row?.usage ?? null;
  return { usage: usage === null ? null : (JSON.parse(usage) as UsageByDay), reserved: row?.reserved === true, settledThrough: row?.settled_through ?? 0 };
}

/** What every subscription of a workspace used, whether or not a configuration still has it. */
export async function readUsage(client: SnowflakeClient, question: UsageQuestion): Promise<readonly UsageReading[]> {
  const readings: UsageReading[] = [];
  for (const id of await subscriptionsIn(client)) {
    const reading = await readWhereTables(client, id, null, (session) => readOne(session, tableNames(client.settings, id), id, question));
    if (reading !== null) readings.push(reading);
  }
  return readings;
}

async function subscriptionsIn(client: SnowflakeClient): Promise<readonly string[]> {
  return client.use({}, async (session) => (await tablesIn(session, client.settings, 'syncs_')).map((name) => name.slice('syncs_'.length)).sort());
}

/** The tables in the state schema whose names begin so. Read from metadata: no warehouse has to run for it. */
async function tablesIn(session: Session, settings: { readonly database: string; readonly stateSchema: string }, prefix: string): Promise<readonly string[]> {
  try {
    const found = await session.run<{ name: string }>(`SHOW TERSE TABLES IN SCHEMA ${schemaName(settings)} STARTS WITH '${prefix}'`);
    return found.rows.map(({ name }) => name);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function readOne(session: Session, tables: TableNames, subscriptionId: string, question: UsageQuestion): Promise<UsageReading | null> {
  // From here on, a grant by an older ledger that this reading doesn't show is void.
  const owned = await session.run(`UPDATE ${tables.state} SET "ledger" = GREATEST(IFNULL("ledger", 0), ${question.ledger}) WHERE "owner" = ?`, [question.owner]);
  if (owned.changed === 0) return null;
  const syncs = await session.run<{ number: number; destination: string; usage: string; beyond_quota: number; granted: number | null; open: boolean }>(
    `SELECT "number", "destination", "usage", "beyond_quota", "granted", "finished_at" IS NULL AS "open" FROM ${tables.syncs}
     WHERE "finished_at" IS NULL OR "finished_at" >= CAST(? AS TIMESTAMP_NTZ) OR "number" = (SELECT MAX("number") FROM ${tables.syncs} WHERE "finished_at" IS NOT NULL)
     ORDER BY "number" DESC`,
    [question.sinceDay],
  );
  const settled = syncs.rows.filter(({ open }) => !open);
  const last = settled[0];
  // The sync that may still send: one that has taken a grant.
  const open = syncs.rows.find((row) => row.open && row.granted !== null);
  return {
    subscriptionId,
    settledThrough: last?.number ?? 0,
    wanted: (open ?? last)?.beyond_quota ?? 0,
    settled: sums(settled, question.sinceDay),
    open: open === undefined ? null : { number: open.number, destination: open.destination, granted: open.granted ?? 0, usage: await usageOfChunks(session, tables, open.number) },
  };
}

function sums(settled: readonly { readonly destination: string; readonly usage: string }[], sinceDay: string): UsageReading['settled'] {
  const found = new Map<string, UsageReading['settled'][number]>();
  for (const { destination, usage } of settled) {
    for (const [day, sent] of Object.entries(JSON.parse(usage) as UsageByDay)) {
      if (day < sinceDay) continue;
      const before = found.get(`${day} ${destination}`);
      found.set(`${day} ${destination}`, { destination, day, succeeded: (before?.succeeded ?? 0) + sent.succeeded, failed: (before?.failed ?? 0) + sent.failed });
    }
  }
  return [...found.values()];
}
