import { emptyBooks } from '../../domain/books.js';
import type { UsageByDay } from '../../domain/quota-state.js';
import { finalStatus, type EarlyEnd, type SyncResult } from '../../domain/sync.js';
import { FencedError } from '../../errors/errors.js';
import { booksOf, closedBooks, maxAttempts, maxDays, type ChunkSums } from '../settlement.js';
import { asSyncResult, type SyncColumns } from '../sync-row.js';
import type { SyncRef, UnfinishedChunk } from '../warehouse.js';
import { asStagedChunk, chunkColumns, type ChunkRow } from './chunks.js';
import { errandOf, type SnowflakeClient } from './client.js';
import { schemaName, quote, tableNames, type TableNames } from './names.js';
import type { Session } from './session.js';
import { usageOfChunks } from './usage.js';

/** Raises the sync's epoch, in its own row and in its chunks': from now on nobody else can start, renew or finish one. Leases that already run must be waited out. */
export async function fenceSync(
  client: SnowflakeClient,
  sync: SyncRef,
): Promise<{ readonly sync: SyncRef; readonly leaseRemainingMs: number; readonly unfinished: readonly UnfinishedChunk[] }> {
  const tables = tableNames(client.settings, sync.subscriptionId);
  return client.transaction(errandOf(sync), async (session) => {
    const raised = await session.run(`UPDATE ${tables.syncs} SET "epoch" = "epoch" + 1 WHERE "number" = ${sync.number} AND "finished_at" IS NULL`);
    if (raised.changed === 0) return { sync, leaseRemainingMs: 0, unfinished: [] };
    await session.run(`UPDATE ${tables.chunks} SET "epoch" = "epoch" + 1 WHERE "sync" = ${sync.number}`);
    const open = await session.run<ChunkRow & { readonly raised: number; readonly sync: number | null }>(
      `SELECT "y"."epoch" AS "raised", "c".* FROM ${tables.syncs} AS "y"
       LEFT JOIN (SELECT "sync", ${chunkColumns} FROM ${tables.chunks} WHERE "finished_at" IS NULL) AS "c" ON "c"."sync" = "y"."number" WHERE "y"."number" = ${sync.number} ORDER BY "c"."chunk"`,
    );
    const unfinished = open.rows.filter((row) => row.sync !== null);
    return {
      sync: { ...sync, epoch: open.rows[0]?.raised ?? sync.epoch },
      leaseRemainingMs: Math.max(0, ...unfinished.map((chunk) => chunk.remaining_ms ?? 0)),
      unfinished: unfinished.map((chunk) => ({ ...asStagedChunk(chunk), started: chunk.holder !== null })),
    };
  });
}

interface SettledColumns extends SyncColumns {
  readonly work: string | null;
  readonly full_diff: boolean | null;
  readonly model_digest: string | null;
  readonly columns: string | null;
  readonly checkpoint: Date | null;
}

/**
 * Step 6 of a sync, one transaction of DML; the work tables are dropped after it. Every chunk that was started must be finished by now; one that never started was not sent.
 * Acknowledged: excluded records, and those of finished chunks that have no outcome row.
 */
export async function settleSync(client: SnowflakeClient, sync: SyncRef, end: EarlyEnd | null): Promise<SyncResult> {
  const tables = tableNames(client.settings, sync.subscriptionId);
  const result = await client.transaction({ ...errandOf(sync), bulk: true }, async (session) => {
    const held = await session.run(`UPDATE ${tables.syncs} SET "status" = "status" WHERE "number" = ${sync.number} AND "epoch" = ${sync.epoch} AND "finished_at" IS NULL`);
    const row = await readSync(session, tables, sync);
    if (row.status !== 'in_progress') return asSyncResult(sync.subscriptionId, row);
    if (held.changed === 0) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} was taken over before it could be settled`);
    // Who wants a lease now waits, and then finds no chunk.
    const registered = (await session.run(`UPDATE ${tables.chunks} SET "epoch" = "epoch" WHERE "sync" = ${sync.number}`)).changed;
    const said = registered === 0 ? nothingSaid : await readChunks(session, tables, sync);
    const books = closedBooks(sync, row.work === null ? emptyBooks : booksOf(sync, row, said.sums));
    if (row.work !== null) await moveState(session, tables, sync, tables.intent(row.work), said.outcomes > 0);
    if (end === null && books.notSent === 0 && !row.more_to_extract && row.trigger !== 'replay') await completeDiff(session, tables, sync, row);
    if (said.outcomes > 0) await session.run(`DELETE FROM ${tables.outcomes} WHERE "sync" = ${sync.number}`);
    if (registered > 0) await session.run(`DELETE FROM ${tables.chunks} WHERE "sync" = ${sync.number}`);
    await session.run(
      `UPDATE ${tables.syncs} SET "status" = ?, "finished_at" = SYSDATE(), "processed" = ${books.processed}, "succeeded" = ${books.succeeded}, "failed" = ${books.failed}, "not_sent" = ${books.notSent},
         "excluded" = ${books.excluded}, "error" = ?, "usage" = ?, "started_chunks" = ${registered}, "ambiguous" = ${said.ambiguous}
       WHERE "number" = ${sync.number}`,
      [finalStatus(books, row.more_to_extract, end), end?.kind === 'failed' ? end.message : null, JSON.stringify(said.usage)],
    );
    return asSyncResult(sync.subscriptionId, await readSync(session, tables, sync));
  });
  await sweep(client, sync, tables);
  return result;
}

async function readSync(session: Session, tables: TableNames, sync: SyncRef): Promise<SettledColumns> {
  const row = await session.first<SettledColumns>(`SELECT * FROM ${tables.syncs} WHERE "number" = ${sync.number}`);
  if (row === undefined) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} has no row in ${tables.syncs}`);
  return row;
}

/** What the chunks of a sync and their outcomes say. */
interface Said {
  readonly sums: ChunkSums | undefined;
  readonly outcomes: number;
  readonly ambiguous: number;
  readonly usage: UsageByDay;
}

const nothingSaid: Said = { sums: { registered: 0, doubtful: 0, succeeded: 0, failed: 0, not_sent: 0 }, outcomes: 0, ambiguous: 0, usage: {} };

async function readChunks(session: Session, tables: TableNames, sync: SyncRef): Promise<Said> {
  const row = await session.first<ChunkSums & Pick<Said, 'outcomes' | 'ambiguous'>>(
    `SELECT COUNT(*) AS "registered", COUNT_IF("holder" IS NOT NULL AND "finished_at" IS NULL) AS "doubtful", IFNULL(SUM("succeeded"), 0) AS "succeeded", IFNULL(SUM("failed"), 0) AS "failed",
       IFNULL(SUM(IFF("finished_at" IS NULL, "records", "not_sent")), 0) AS "not_sent",
       (SELECT COUNT(*) FROM ${tables.outcomes} WHERE "sync" = ${sync.number}) AS "outcomes",
       (SELECT COUNT(*) FROM ${tables.outcomes} WHERE "sync" = ${sync.number} AND "outcome" = 'ambiguous') AS "ambiguous"
     FROM ${tables.chunks} WHERE "sync" = ${sync.number}`,
  );
  return { sums: row, outcomes: row?.outcomes ?? 0, ambiguous: row?.ambiguous ?? 0, usage: await usageOfChunks(session, tables, sync.number) };
}

/** Moves `records_` and `failures_` forward by what the intent and the outcomes say. Both sources have one row an id, as the intent and the outcomes of a sync do: MERGE refuses others. */
async function moveState(session: Session, tables: TableNames, sync: SyncRef, intent: string, hasOutcomes: boolean): Promise<void> {
  const settled = `
    SELECT "i"."record_id" AS "record_id", "i"."operation" AS "operation", "i"."checksum" AS "checksum", "o"."outcome" AS "outcome", "o"."reason" AS "reason", "o"."code" AS "code",
      "i"."chunk" IS NULL OR ("c"."finished_at" IS NOT NULL AND "o"."record_id" IS NULL) AS "acknowledged"
    FROM ${intent} AS "i"
    LEFT JOIN ${tables.chunks} AS "c" ON "c"."sync" = ${sync.number} AND "c"."chunk" = "i"."chunk"
    LEFT JOIN ${tables.outcomes} AS "o" ON "o"."sync" = ${sync.number} AND "o"."chunk" = "i"."chunk" AND "o"."record_id" = "i"."record_id"`;
  await session.run(`
    MERGE INTO ${tables.records} AS "r"
    USING (SELECT * FROM (${settled}) AS "s" WHERE "acknowledged" AND "operation" IN ('new', 'updated', 'deleted')) AS "m" ON "r"."record_id" = "m"."record_id"
    WHEN MATCHED AND "m"."operation" = 'deleted' THEN DELETE
    WHEN MATCHED THEN UPDATE SET "checksum" = "m"."checksum"
    WHEN NOT MATCHED AND "m"."operation" <> 'deleted' THEN INSERT ("record_id", "checksum") VALUES ("m"."record_id", "m"."checksum")`);
  if (!hasOutcomes && (await session.first(`SELECT 1 AS "one" FROM ${tables.failures} LIMIT 1`)) === undefined) return;
  await session.run(`
    MERGE INTO ${tables.failures} AS "f"
    USING (
      SELECT "record_id", "operation", "checksum", "acknowledged", "outcome" = 'ambiguous' AS "maybe", IFF("outcome" = 'failed', 1, 0) AS "attempts", "reason", "code"
      FROM (${settled}) AS "s" WHERE "acknowledged" OR "outcome" IN ('failed', 'ambiguous')) AS "m" ON "f"."record_id" = "m"."record_id"
    WHEN MATCHED AND "m"."acknowledged" THEN DELETE
    WHEN MATCHED THEN UPDATE SET "operation" = "m"."operation", "checksum" = "m"."checksum", "reason" = "m"."reason", "code" = "m"."code", "last_failed_at" = SYSDATE(),
      "maybe_delivered" = "f"."maybe_delivered" OR "m"."maybe", "attempts" = "f"."attempts" + "m"."attempts",
      "expired" = "f"."attempts" + "m"."attempts" >= ${maxAttempts} OR "f"."first_failed_at" < DATEADD(DAY, -${maxDays}, SYSDATE())
    WHEN NOT MATCHED AND NOT "m"."acknowledged" THEN INSERT ("record_id", "operation", "checksum", "maybe_delivered", "attempts", "first_failed_at", "last_failed_at", "reason", "expired", "code")
      VALUES ("m"."record_id", "m"."operation", "m"."checksum", "m"."maybe", "m"."attempts", SYSDATE(), SYSDATE(), "m"."reason", FALSE, "m"."code")`);
}

/** Nothing that the diff found waits any more: the next one may start from here. A record that failed is looked at again by its id. */
async function completeDiff(session: Session, tables: TableNames, sync: SyncRef, row: SettledColumns): Promise<void> {
  const ofSync = (column: string): string => `(SELECT "${column}" FROM ${tables.syncs} WHERE "number" = ${sync.number})`;
  const fullDiff = row.full_diff === true ? `, "full_diff_at" = ${ofSync('started_at')}` : '';
  await session.run(`UPDATE ${tables.state} SET "baseline_pending" = FALSE, "model_digest" = ?, "columns" = ?${fullDiff}`, [row.model_digest, row.columns]);
  if (row.checkpoint === null) return;
  await session.run(`UPDATE ${tables.checkpoints} SET "checkpoint" = ${ofSync('checkpoint')} WHERE "checkpoint" IS NULL OR "checkpoint" < ${ofSync('checkpoint')} OR "checkpoint" > SYSDATE()`);
}

/**
 * Drops the work tables of this sync, and those of tries that died without dropping theirs, found by exact name. A later sync, which may be open by now, keeps its own.
 * The names come from metadata: no warehouse has to run for it.
 */
async function sweep(client: SnowflakeClient, sync: SyncRef, tables: TableNames): Promise<void> {
  const schema = schemaName(client.settings);
  await client
    .use(errandOf(sync), async (session) => {
      // To LIKE, each underscore is any character.
      const found = await session.run<{ name: string }>(`SHOW TERSE TABLES LIKE '__${sync.subscriptionId}_%' IN SCHEMA ${schema}`);
      for (const { name } of found.rows.filter((table) => (tables.syncOfWork(table.name) ?? Infinity) <= sync.number)) await session.run(`DROP TABLE IF EXISTS ${schema}.${quote(name)}`);
    })
    .catch(() => undefined); // what stays is swept by the next sync
}
