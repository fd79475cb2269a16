import type { FailureReport } from '../../contract/reports.js';
import { asFailureRow, type FailureColumns } from '../failure-row.js';
import type { SnowflakeClient } from './client.js';
import { readWhereTables } from './history.js';
import { tableNames } from './names.js';
import { hasStateTables } from './open.js';

/** What was not delivered and why, from `failures_` and `rejections_`. */
export async function readFailures(client: SnowflakeClient, subscriptionId: string, limit: number): Promise<FailureReport> {
  const tables = tableNames(client.settings, subscriptionId);
  const nothing: FailureReport = { failures: [], total: 0, rejections: [] };
  return readWhereTables(client, subscriptionId, nothing, async (session) => {
    const failures = await session.run<FailureColumns>(`SELECT * FROM ${tables.failures} ORDER BY "last_failed_at" DESC, "record_id" LIMIT ${limit}`);
    const counted = await session.first<{ total: number }>(`SELECT COUNT(*) AS "total" FROM ${tables.failures}`);
    const rejections = await session.run<{ record_id: string | null; records: number; reason: string }>(
      `SELECT "record_id", "records", "reason" FROM ${tables.rejections} ORDER BY "record_id" LIMIT ${limit}`,
    );
    return {
      failures: failures.rows.map(asFailureRow),
      total: counted?.total ?? 0,
      rejections: rejections.rows.map((row) => ({ recordId: row.record_id, records: row.records, reason: row.reason })),
    };
  });
}

/** As if they had never failed before: otherwise their age would make them expire again with the next failure. Holds the open sync's row, so that it never meets a settlement half-way. */
export async function retryFailures(client: SnowflakeClient, subscriptionId: string): Promise<number> {
  const tables = tableNames(client.settings, subscriptionId);
  if (!(await hasStateTables(client, tables, { subscription: subscriptionId }))) return 0;
  return client.transaction({ subscription: subscriptionId }, async (session) => {
    await session.run(`UPDATE ${tables.syncs} SET "status" = "status" WHERE "finished_at" IS NULL`);
    return (await session.run(`UPDATE ${tables.failures} SET "expired" = FALSE, "attempts" = 0, "first_failed_at" = SYSDATE() WHERE "expired"`)).changed;
  });
}
