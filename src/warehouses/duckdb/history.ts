import type { SyncResult } from '../../domain/sync.js';
import { asSyncResult, type SyncColumns } from '../sync-row.js';
import { hasTable, type DuckdbClient, type Session } from './client.js';
import { tableNames } from './names.js';

/** False before a subscription's first sync. */
export function hasStateTables(session: Session, schema: string, subscriptionId: string): Promise<boolean> {
  return hasTable(session, schema, `syncs_${subscriptionId}`);
}

/** The settled syncs of a subscription, newest first. Empty where nothing has run yet. */
export async function readHistory(client: DuckdbClient, subscriptionId: string, limit: number): Promise<readonly SyncResult[]> {
  const { stateSchema } = client.settings;
  return client.transaction(async (session) => {
    if (!(await hasStateTables(session, stateSchema, subscriptionId))) return [];
    const rows = await session.rows<SyncColumns>(`SELECT * FROM ${tableNames(stateSchema, subscriptionId).syncs} WHERE finished_at IS NOT NULL ORDER BY number DESC LIMIT ${limit}`);
    return rows.map((row) => asSyncResult(subscriptionId, row));
  });
}

/** Whether a sync is there and has not ended. */
export async function readIsOpen(client: DuckdbClient, subscriptionId: string, number: number): Promise<boolean> {
  const { stateSchema } = client.settings;
  return client.transaction(async (session) => {
    if (!(await hasStateTables(session, stateSchema, subscriptionId))) return false;
    const open = await session.rows(`SELECT 1 AS one FROM ${tableNames(stateSchema, subscriptionId).syncs} WHERE number = $1 AND finished_at IS NULL`, [number]);
    return open.length > 0;
  });
}
