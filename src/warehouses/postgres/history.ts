import type pg from 'pg';
import type { SyncResult } from '../../domain/sync.js';
import { asSyncResult, type SyncColumns } from '../sync-row.js';
import type { PostgresClient } from './client.js';
import { tableNames, type TableNames } from './names.js';

/** False before a subscription's first sync. */
export async function hasStateTables(connection: pg.PoolClient, tables: TableNames): Promise<boolean> {
  const exists = await connection.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [tables.syncs]);
  return exists.rows[0]?.there === true;
}

/** The settled syncs of a subscription, newest first. Empty where nothing has run yet. */
export async function readHistory(client: PostgresClient, subscriptionId: string, limit: number): Promise<readonly SyncResult[]> {
  const tables = tableNames(client.settings.stateSchema, subscriptionId);
  return client.transaction(async (connection) => {
    if (!(await hasStateTables(connection, tables))) return [];
    const rows = await connection.query<SyncColumns>(`SELECT * FROM ${tables.syncs} WHERE finished_at IS NOT NULL ORDER BY number DESC LIMIT $1`, [limit]);
    return rows.rows.map((row) => asSyncResult(subscriptionId, row));
  });
}

/** Whether a sync has a row that is not settled. */
export async function readIsOpen(client: PostgresClient, subscriptionId: string, number: number): Promise<boolean> {
  const tables = tableNames(client.settings.stateSchema, subscriptionId);
  return client.transaction(async (connection) => {
    if (!(await hasStateTables(connection, tables))) return false;
    const rows = await connection.query(`SELECT FROM ${tables.syncs} WHERE number = $1 AND finished_at IS NULL`, [number]);
    return rows.rows.length > 0;
  });
}
