import type { SyncUsage } from '../../contract/quota.js';
import type { SyncLookup } from '../../domain/quota-ledger.js';
import type { UsageByDay } from '../../domain/quota-state.js';
import type { UsageQuestion, UsageReading } from '../warehouse.js';
import { hasTable, type DuckdbClient, type Session } from './client.js';
import { hasStateTables } from './history.js';
import { literal, tableNames, type TableNames } from './names.js';

/** What is known of a sync's usage as long as its chunks are there: each chunk counts on the day on which it was finished. */
async function usageOfChunks(session: Session, tables: TableNames, number: number): Promise<UsageByDay> {
  const days = await session.rows<{ day: string; succeeded: number; failed: number }>(
    `SELECT finished_on AS day, sum(succeeded) AS succeeded, sum(failed) AS failed FROM ${tables.chunks}
     WHERE sync = $1 AND finished_on IS NOT NULL AND succeeded + failed > 0 GROUP BY finished_on ORDER BY finished_on`,
    [number],
  );
  return Object.fromEntries(days.map(({ day, succeeded, failed }) => [day, { succeeded, failed }]));
}

/** Keeps a sync's usage in its row, before its chunks go. */
export async function keepUsage(session: Session, tables: TableNames, number: number): Promise<void> {
  await session.run(`UPDATE ${tables.syncs} SET usage = $2 WHERE number = $1`, [number, JSON.stringify(await usageOfChunks(session, tables, number))]);
}

/** What a sync used, and which syncs are settled. */
export async function readSyncUsage(client: DuckdbClient, subscriptionId: string, number: number): Promise<SyncUsage & SyncLookup> {
  const { stateSchema } = client.settings;
  const tables = tableNames(stateSchema, subscriptionId);
  return client.transaction(async (session) => {
    if (!(await hasStateTables(session, stateSchema, subscriptionId))) return { usage: null, reserved: false, settledThrough: 0 };
    const [last] = await session.rows<{ number: number }>(`SELECT coalesce(max(number), 0) AS number FROM ${tables.syncs} WHERE finished_at IS NOT NULL`);
    const [row] = await session.rows<{ usage: string; reserved: boolean }>(
      `SELECT CAST(usage AS VARCHAR) AS usage, to_send + beyond_quota > 0 AS reserved FROM ${tables.syncs} WHERE number = $1 AND finished_at IS NOT NULL`,
      [number],
    );
    return { usage: row === undefined ? null : (JSON.parse(row.usage) as UsageByDay), reserved: row?.reserved === true, settledThrough: last?.number ?? 0 };
  });
}

/** What every subscription of a workspace used, whether or not a configuration still has it. */
export async function readUsage(client: DuckdbClient, question: UsageQuestion): Promise<readonly UsageReading[]> {
  const { stateSchema } = client.settings;
  const readings: UsageReading[] = [];
  for (const id of await subscriptionsIn(client)) {
    const reading = await client.transaction((session) => readOne(session, stateSchema, id, question));
    if (reading !== null) readings.push(reading);
  }
  return readings;
}

async function subscriptionsIn(client: DuckdbClient): Promise<readonly string[]> {
  return client.transaction(async (session) => {
    const found = await session.rows<{ id: string }>(
      `SELECT substr(table_name, 7) AS id FROM duckdb_tables()
       WHERE database_name = current_database() AND schema_name = ${literal(client.settings.stateSchema)} AND starts_with(table_name, 'syncs_') ORDER BY 1`,
    );
    return found.map(({ id }) => id);
  });
}

async function readOne(session: Session, schema: string, subscriptionId: string, question: UsageQuestion): Promise<UsageReading | null> {
  if (!(await hasTable(session, schema, `state_${subscriptionId}`))) return null;
  const tables = tableNames(schema, subscriptionId);
  // From here on, a grant by an older ledger that this reading doesn't show is void.
  const owned = await session.run(`UPDATE ${tables.state} SET ledger = greatest(ledger, $1), turn = turn + 1 WHERE owner = $2`, [question.ledger, question.owner]);
  if (owned === 0) return null;
  const settled = await session.rows<UsageReading['settled'][number]>(
    `SELECT destination, day, CAST(sum(CAST(usage->day->>'succeeded' AS BIGINT)) AS BIGINT) AS succeeded, CAST(sum(CAST(usage->day->>'failed' AS BIGINT)) AS BIGINT) AS failed
     FROM (SELECT destination, usage, unnest(json_keys(usage)) AS day FROM ${tables.syncs} WHERE finished_at IS NOT NULL) WHERE day >= $1 GROUP BY destination, day ORDER BY destination, day`,
    [question.sinceDay],
  );
  const [last] = await session.rows<{ number: number; beyond_quota: number }>(`SELECT number, beyond_quota FROM ${tables.syncs} WHERE finished_at IS NOT NULL ORDER BY number DESC LIMIT 1`);
  const open = await readOpen(session, tables);
  return { subscriptionId, settledThrough: last?.number ?? 0, wanted: open?.wanted ?? last?.beyond_quota ?? 0, settled, open: open?.sync ?? null };
}

/** The sync that may still send: one that has taken a grant. */
async function readOpen(session: Session, tables: TableNames): Promise<{ readonly sync: UsageReading['open']; readonly wanted: number } | null> {
  const [row] = await session.rows<{ number: number; destination: string; granted: number; beyond_quota: number }>(
    `SELECT number, destination, granted, beyond_quota FROM ${tables.syncs} WHERE finished_at IS NULL AND granted IS NOT NULL ORDER BY number DESC LIMIT 1`,
  );
  if (row === undefined) return null;
  const { number, destination, granted, beyond_quota: wanted } = row;
  return { sync: { number, destination, granted, usage: await usageOfChunks(session, tables, number) }, wanted };
}
