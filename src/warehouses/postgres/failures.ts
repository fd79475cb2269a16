import type { FailureReport } from '../../contract/reports.js';
import { asFailureRow, type FailureColumns } from '../failure-row.js';
import type { PostgresClient } from './client.js';
import { hasStateTables } from './history.js';
import { tableNames } from './names.js';

/** What was not delivered and why, from `failures_` and `rejections_`. */
export async function readFailures(client: PostgresClient, subscriptionId: string, limit: number): Promise<FailureReport> {
  const tables = tableNames(client.settings.stateSchema, subscriptionId);
  return client.transaction(async (connection) => {
    if (!(await hasStateTables(connection, tables))) return { failures: [], total: 0, rejections: [] };
    const counted = await connection.query<{ total: string }>(`SELECT count(*) AS total FROM ${tables.failures}`);
    const failures = await connection.query<FailureColumns>(`SELECT * FROM ${tables.failures} ORDER BY last_failed_at DESC, record_id LIMIT $1`, [limit]);
    const rejections = await connection.query<{ record_id: string | null; records: string; reason: string }>(
      `SELECT record_id, records, reason FROM ${tables.rejections} ORDER BY record_id LIMIT $1`,
      [limit],
    );
    return {
      failures: failures.rows.map(asFailureRow),
      total: Number(counted.rows[0]?.total),
      rejections: rejections.rows.map((row) => ({ recordId: row.record_id, records: Number(row.records), reason: row.reason })),
    };
  });
}

/** As if they had never failed before: otherwise their age would make them expire again with the next failure. Holds the open sync's row, so that it never meets a settlement half-way. */
export async function retryFailures(client: PostgresClient, subscriptionId: string): Promise<number> {
  const tables = tableNames(client.settings.stateSchema, subscriptionId);
  return client.transaction(async (connection) => {
    if (!(await hasStateTables(connection, tables))) return 0;
    await connection.query(`SELECT FROM ${tables.syncs} WHERE finished_at IS NULL FOR UPDATE`);
    const forgotten = await connection.query(`UPDATE ${tables.failures} SET expired = false, attempts = 0, first_failed_at = now() WHERE expired`);
    return forgotten.rowCount ?? 0;
  });
}
