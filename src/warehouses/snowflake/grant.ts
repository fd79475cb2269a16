import type { SyncRef } from '../warehouse.js';
import { errandOf, type SnowflakeClient } from './client.js';
import { rotation } from './delta.js';
import { tableNames, type TableNames } from './names.js';
import { holdOpenSync } from './open.js';
import type { Session } from './session.js';

/**
 * Cuts the intent of a sync down to what the quota granted it. Failures stay first, the rest in an order that differs from sync to sync, so that no row starves;
 * what is cut off was not extracted, and the next sync finds it again.
 */
export async function takeGrant(client: SnowflakeClient, sync: SyncRef, records: number, ledger: number): Promise<'taken' | 'void'> {
  const tables = tableNames(client.settings, sync.subscriptionId);
  return client.transaction({ ...errandOf(sync), bulk: true }, async (session) => {
    await holdOpenSync(session, tables, sync);
    const row = await session.first<{ work: string; granted: number | null; to_send: number }>(`SELECT "work", "granted", "to_send" FROM ${tables.syncs} WHERE "number" = ${sync.number}`);
    if (row?.granted !== null) return 'taken';
    // Against a new ledger that counts at this moment: it waits for this row and sees this grant, or this finds the ledger in it.
    const older = await session.run(`UPDATE ${tables.state} SET "ledger" = "ledger" WHERE "ledger" IS NULL OR "ledger" <= ${ledger}`);
    if (older.changed === 0) return 'void';
    if (records < row.to_send) await trim(session, tables, sync, tables.intent(row.work), records, row.to_send);
    await session.run(`UPDATE ${tables.syncs} SET "granted" = ${records} WHERE "number" = ${sync.number}`);
    return 'taken';
  });
}

async function trim(session: Session, tables: TableNames, sync: SyncRef, intent: string, records: number, toSend: number): Promise<void> {
  await session.run(
    `DELETE FROM ${intent} WHERE "record_id" IN (
       SELECT "record_id" FROM (
         SELECT "i"."record_id" AS "record_id", ROW_NUMBER() OVER (ORDER BY "f"."record_id" IS NULL, ${rotation('"i"."record_id"', sync.number)}) AS "place"
         FROM ${intent} AS "i" LEFT JOIN ${tables.failures} AS "f" ON "f"."record_id" = "i"."record_id" WHERE "i"."chunk" IS NOT NULL) AS "ranked"
       WHERE "place" > ${records})`,
  );
  const left = await session.first<{ new: number; updated: number; deleted: number; to_send: number }>(
    `SELECT COUNT_IF("operation" = 'new') AS "new", COUNT_IF("operation" = 'updated') AS "updated", COUNT_IF("operation" = 'deleted') AS "deleted", COUNT("chunk") AS "to_send" FROM ${intent}`,
  );
  await session.run(
    `UPDATE ${tables.syncs} SET "added" = ${left?.new ?? 0}, "updated" = ${left?.updated ?? 0}, "deleted" = ${left?.deleted ?? 0}, "to_send" = ${left?.to_send ?? 0},
       "resent_for_columns" = LEAST("resent_for_columns", ${left?.updated ?? 0}), "beyond_quota" = ${toSend - (left?.to_send ?? 0)}, "more_to_extract" = TRUE
     WHERE "number" = ${sync.number}`,
  );
}
