import type { SyncRef } from '../warehouse.js';
import type { DuckdbClient, Session } from './client.js';
import { drawOf } from './delta.js';
import { tableNames, type TableNames } from './names.js';
import { holdOpenSync } from './open.js';
import { tally } from './tally.js';

/**
 * Cuts the intent of a sync down to what the quota granted it. Failures stay first, the rest in an order that differs from sync to sync, so that no row starves;
 * what is cut off was not extracted, and the next sync finds it again.
 */
export async function takeGrant(client: DuckdbClient, sync: SyncRef, records: number, ledger: number): Promise<'taken' | 'void'> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  return client.transaction(
    async (session) => {
      // Also against a new ledger that counts at this moment: it sees this grant, or this sees the ledger.
      await holdOpenSync(session, tables, sync);
      const [row] = await session.rows<{ attempt: number; granted: number | null; to_send: number; newer: boolean }>(
        `SELECT attempt, granted, to_send, (SELECT coalesce(ledger > $2, false) FROM ${tables.state}) AS newer FROM ${tables.syncs} WHERE number = $1`,
        [sync.number, ledger],
      );
      if (row?.granted !== null) return 'taken';
      if (row.newer) return 'void';
      if (records < row.to_send) await trim(session, tables, sync, row.attempt, records);
      await session.run(`UPDATE ${tables.syncs} SET granted = $2 WHERE number = $1`, [sync.number, records]);
      return 'taken';
    },
    { bulk: true },
  );
}

async function trim(session: Session, tables: TableNames, sync: SyncRef, attempt: number, records: number): Promise<void> {
  const intent = tables.intent(sync.number, attempt);
  await session.run(`
    DELETE FROM ${intent} WHERE chunk IS NOT NULL AND record_id NOT IN (
      SELECT i.record_id FROM ${intent} AS i LEFT JOIN ${tables.failures} AS f ON f.record_id = i.record_id WHERE i.chunk IS NOT NULL
      ORDER BY f.record_id IS NULL, ${drawOf('i.record_id', sync.number)} LIMIT ${records})`);
  const left = await tally(session, intent);
  await session.run(
    `UPDATE ${tables.syncs} SET added = $2, updated = $3, deleted = $4, to_send = $5, resent_for_columns = least(resent_for_columns, $3), beyond_quota = to_send - $5, more_to_extract = true
     WHERE number = $1`,
    [sync.number, left.new, left.updated, left.deleted, records],
  );
}
