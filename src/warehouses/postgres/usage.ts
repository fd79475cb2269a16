import type pg from 'pg';
import type { UsageQuestion, UsageReading } from '../warehouse.js';
import type { SyncLookup } from '../../domain/quota-ledger.js';
import type { UsageByDay } from '../../domain/quota-state.js';
import type { SyncUsage } from '../../contract/quota.js';
import type { PostgresClient } from './client.js';
import { hasStateTables } from './history.js';
import { tableNames, type TableNames } from './names.js';

/** What is known of a sync's usage as long as its chunks are there: each chunk counts on the day on which it was finished. */
const usageOfChunks = (chunks: string): string => `
  SELECT coalesce(jsonb_object_agg(finished_on, jsonb_build_object('succeeded', succeeded, 'failed', failed)), '{}') AS usage
  FROM (SELECT finished_on, sum(succeeded) AS succeeded, sum(failed) AS failed FROM ${chunks}
        WHERE sync = $1 AND finished_on IS NOT NULL AND succeeded + failed > 0 GROUP BY finished_on) AS days`;

/** Keeps a sync's usage in its row, before its chunks go. */
export async function keepUsage(connection: pg.PoolClient, tables: TableNames, number: number): Promise<void> {
  await connection.query(`UPDATE ${tables.syncs} SET usage = (${usageOfChunks(tables.chunks)}) WHERE number = $1`, [number]);
}

/** What a sync used, and which syncs are settled. */
export async function readSyncUsage(client: PostgresClient, subscriptionId: string, number: number): Promise<SyncUsage & SyncLookup> {
  const tables = tableNames(client.settings.stateSchema, subscriptionId);
  return client.transaction(async (connection) => {
    if (!(await hasStateTables(connection, tables))) return { usage: null, reserved: false, settledThrough: 0 };
    const found = await connection.query<{ usage: UsageByDay | null; reserved: boolean | null; settled_through: string }>(
      `SELECT usage, to_send + beyond_quota > 0 AS reserved, settled_through
       FROM (SELECT coalesce(max(number), 0) AS settled_through FROM ${tables.syncs} WHERE finished_at IS NOT NULL) AS last
       LEFT JOIN ${tables.syncs} ON number = $1 AND finished_at IS NOT NULL`,
      [number],
    );
    const row = found.rows[0];
    return { usage: row?.usage ?? null, reserved: row?.reserved === true, settledThrough: Number(row?.settled_through) };
  });
}

/** What every subscription of a workspace used, whether or not a configuration still has it. */
export async function readUsage(client: PostgresClient, question: UsageQuestion): Promise<readonly UsageReading[]> {
  const { stateSchema } = client.settings;
  const readings: UsageReading[] = [];
  for (const id of await subscriptionsIn(client)) {
    const reading = await client.transaction((connection) => readOne(connection, tableNames(stateSchema, id), id, question));
    if (reading !== null) readings.push(reading);
  }
  return readings;
}

async function subscriptionsIn(client: PostgresClient): Promise<readonly string[]> {
  return client.transaction(async (connection) => {
    const found = await connection.query<{ id: string }>(
      `SELECT substr(c.relname, 7) AS id FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
       WHERE n.nspname = $1 AND c.relkind = 'r' AND starts_with(c.relname, 'syncs_') ORDER BY 1`,
      [client.settings.stateSchema],
    );
    return found.rows.map(({ id }) => id);
  });
}

async function readOne(connection: pg.PoolClient, tables: TableNames, subscriptionId: string, question: UsageQuestion): Promise<UsageReading | null> {
  const there = await connection.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [tables.state]);
  if (there.rows[0]?.there !== true) return null;
  // From here on, a grant by an older ledger that this reading doesn't show is void.
  const owned = await connection.query(`UPDATE ${tables.state} SET ledger = greatest(ledger, $1) WHERE owner = $2`, [question.ledger, question.owner]);
  if (owned.rowCount === 0) return null;
  const days = await connection.query<{ destination: string; day: string; succeeded: string; failed: string }>(
    `SELECT destination, day, sum((sent->>'succeeded')::bigint) AS succeeded, sum((sent->>'failed')::bigint) AS failed
     FROM ${tables.syncs} CROSS JOIN LATERAL jsonb_each(usage) AS used(day, sent) WHERE finished_at IS NOT NULL AND day >= $1 GROUP BY destination, day`,
    [question.sinceDay],
  );
  const last = await connection.query<{ number: string; beyond_quota: string }>(`SELECT number, beyond_quota FROM ${tables.syncs} WHERE finished_at IS NOT NULL ORDER BY number DESC LIMIT 1`);
  const open = await readOpen(connection, tables);
  return {
    subscriptionId,
    settledThrough: Number(last.rows[0]?.number ?? 0),
    wanted: open?.wanted ?? Number(last.rows[0]?.beyond_quota ?? 0),
    settled: days.rows.map(({ destination, day, succeeded, failed }) => ({ destination, day, succeeded: Number(succeeded), failed: Number(failed) })),
    open: open?.sync ?? null,
  };
}

/** The sync that may still send: one that has taken a grant. */
async function readOpen(connection: pg.PoolClient, tables: TableNames): Promise<{ readonly sync: UsageReading['open']; readonly wanted: number } | null> {
  const found = await connection.query<{ number: string; destination: string; granted: string; beyond_quota: string }>(
    `SELECT number, destination, granted, beyond_quota FROM ${tables.syncs} WHERE finished_at IS NULL AND granted IS NOT NULL ORDER BY number DESC LIMIT 1`,
  );
  const row = found.rows[0];
  if (row === undefined) return null;
  const used = await connection.query<{ usage: UsageByDay }>(usageOfChunks(tables.chunks), [row.number]);
  const sync = { number: Number(row.number), destination: row.destination, granted: Number(row.granted), usage: used.rows[0]?.usage ?? {} };
  return { sync, wanted: Number(row.beyond_quota) };
}
