import type pg from 'pg';
import type { SyncRef } from '../warehouse.js';
import { queryOn, type PostgresClient } from './client.js';
import { tableNames, type TableNames } from './names.js';
import { holdOpenSync } from './open.js';

/**
 * Cuts the intent of a sync down to what the quota granted it. Failures stay first, the rest in an order that differs from sync to sync, so that no row starves;
 * what is cut off was not extracted, and the next sync finds it again.
 */
export async function takeGrant(client: PostgresClient, sync: SyncRef, records: number, ledger: number): Promise<'taken' | 'void'> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  return client.transaction(
    async (connection) => {
      await holdOpenSync(queryOn(connection), tables, sync, 'UPDATE');
      const found = await connection.query<{ attempt: number; granted: string | null; to_send: string }>(`SELECT attempt, granted, to_send FROM ${tables.syncs} WHERE number = $1`, [sync.number]);
      const row = found.rows[0];
      if (row?.granted !== null) return 'taken';
      // Against a new ledger that counts at this moment: it sees this grant, or this sees the ledger.
      const state = await connection.query<{ newer: boolean }>(`SELECT coalesce(ledger > $1, false) AS newer FROM ${tables.state} FOR SHARE`, [ledger]);
      if (state.rows[0]?.newer === true) return 'void';
      if (records < Number(row.to_send)) await trim(connection, tables, sync, row.attempt, records);
      await connection.query(`UPDATE ${tables.syncs} SET granted = $2 WHERE number = $1`, [sync.number, records]);
      return 'taken';
    },
    { bulk: true },
  );
}

async function trim(connection: pg.PoolClient, tables: TableNames, sync: SyncRef, attempt: number, records: number): Promise<void> {
  const intent = tables.intent(sync.number, attempt);
  await connection.query(
    `DELETE FROM ${intent} WHERE record_id IN (
       SELECT i.record_id FROM ${intent} AS i LEFT JOIN ${tables.failures} AS f ON f.record_id = i.record_id WHERE i.chunk IS NOT NULL
       ORDER BY f.record_id IS NULL, hashtextextended(i.record_id, $1) OFFSET $2)`,
    [sync.number, records],
  );
  await connection.query(
    `UPDATE ${tables.syncs} SET added = counted.added, updated = counted.updated, deleted = counted.deleted, to_send = counted.to_send,
       resent_for_columns = least(resent_for_columns, counted.updated), beyond_quota = ${tables.syncs}.to_send - counted.to_send, more_to_extract = true
     FROM (SELECT count(*) FILTER (WHERE operation = 'new') AS added, count(*) FILTER (WHERE operation = 'updated') AS updated,
             count(*) FILTER (WHERE operation = 'deleted') AS deleted, count(chunk) AS to_send FROM ${intent}) AS counted
     WHERE number = $1`,
    [sync.number],
  );
}
