import type { SyncResult } from '../../domain/sync.js';
import { asSyncResult, type SyncColumns } from '../sync-row.js';
import type { SnowflakeClient } from './client.js';
import { isMissing } from './errors.js';
import { tableNames } from './names.js';
import type { Session } from './session.js';

/** The settled syncs of a subscription, newest first. Empty where nothing has run yet. */
export async function readHistory(client: SnowflakeClient, subscriptionId: string, limit: number): Promise<readonly SyncResult[]> {
  const tables = tableNames(client.settings, subscriptionId);
  const rows = await readWhereTables(client, subscriptionId, [], async (session) => {
    return (await session.run<SyncColumns>(`SELECT * FROM ${tables.syncs} WHERE "finished_at" IS NOT NULL ORDER BY "number" DESC LIMIT ${limit}`)).rows;
  });
  return rows.map((row) => asSyncResult(subscriptionId, row));
}

/** Whether a sync has a row that is not settled. */
export async function readIsOpen(client: SnowflakeClient, subscriptionId: string, number: number): Promise<boolean> {
  const tables = tableNames(client.settings, subscriptionId);
  return readWhereTables(client, subscriptionId, false, async (session) => {
    return (await session.first(`SELECT 1 AS "one" FROM ${tables.syncs} WHERE "number" = ${number} AND "finished_at" IS NULL`)) !== undefined;
  });
}

/** Reads state tables; `empty` where there are none yet. */
export async function readWhereTables<T>(client: SnowflakeClient, subscription: string, empty: T, read: (session: Session) => Promise<T>): Promise<T> {
  return client.use({ subscription }, async (session) => {
    try {
      return await read(session);
    } catch (error) {
      if (isMissing(error)) return empty;
      throw error;
    }
  });
}
