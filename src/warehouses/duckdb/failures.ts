import type { FailureReport } from '../../contract/reports.js';
import { asFailureRow, type FailureColumns } from '../failure-row.js';
import type { DuckdbClient } from './client.js';
import { hasStateTables } from './history.js';
import { tableNames } from './names.js';
import { takeTurn } from './tables.js';

/** What was not delivered and why, from `failures_` and `rejections_`. */
export async function readFailures(client: DuckdbClient, subscriptionId: string, limit: number): Promise<FailureReport> {
  const { stateSchema } = client.settings;
  const tables = tableNames(stateSchema, subscriptionId);
  return client.transaction(async (session) => {
    if (!(await hasStateTables(session, stateSchema, subscriptionId))) return { failures: [], total: 0, rejections: [] };
    const [counted] = await session.rows<{ total: number }>(`SELECT count(*) AS total FROM ${tables.failures}`);
    const failures = await session.rows<FailureColumns>(`SELECT * FROM ${tables.failures} ORDER BY last_failed_at DESC, record_id LIMIT ${limit}`);
    const rejections = await session.rows<{ recordId: string | null; records: number; reason: string }>(
      `SELECT record_id AS "recordId", records, reason FROM ${tables.rejections} ORDER BY record_id NULLS LAST LIMIT ${limit}`,
    );
    return { failures: failures.map(asFailureRow), total: counted?.total ?? 0, rejections };
  });
}

/** As if they had never failed before: otherwise their age would make them expire again with the next failure. Never meets a settlement half-way, which takes a turn too. */
export async function retryFailures(client: DuckdbClient, subscriptionId: string): Promise<number> {
  const { stateSchema } = client.settings;
  const tables = tableNames(stateSchema, subscriptionId);
  return client.transaction(async (session) => {
    if (!(await hasStateTables(session, stateSchema, subscriptionId))) return 0;
    await takeTurn(session, tables);
    return session.run(`UPDATE ${tables.failures} SET expired = false, attempts = 0, first_failed_at = now() WHERE expired`);
  });
}
