import { emptyBooks, type Books } from '../../domain/books.js';
import { finalStatus, type EarlyEnd, type SyncResult } from '../../domain/sync.js';
import { FencedError } from '../../errors/errors.js';
import { booksOf, closedBooks, maxAttempts, maxDays, type ChunkSums } from '../settlement.js';
import { asSyncResult, type SyncColumns } from '../sync-row.js';
import type { StagedChunk, SyncRef, UnfinishedChunk } from '../warehouse.js';
import type { DuckdbClient, Session } from './client.js';
import { tableNames, type TableNames } from './names.js';
import { takeTurn } from './tables.js';
import { keepUsage } from './usage.js';

interface OpenChunk extends StagedChunk {
  readonly started: boolean;
  readonly remaining_ms: number;
}

/** Raises the sync's epoch, in its chunks too: from now on nobody else can start, renew or finish one of them. Leases that already run must be waited out. */
export async function fenceSync(
  client: DuckdbClient,
  sync: SyncRef,
): Promise<{ readonly sync: SyncRef; readonly leaseRemainingMs: number; readonly unfinished: readonly UnfinishedChunk[] }> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  return client.transaction(async (session) => {
    await takeTurn(session, tables);
    const [raised] = await session.rows<{ epoch: number }>(`UPDATE ${tables.syncs} SET epoch = epoch + 1 WHERE number = $1 AND finished_at IS NULL RETURNING epoch`, [sync.number]);
    const epoch = raised?.epoch ?? sync.epoch;
    // DuckDB tells conflicts column by column: without writing lease_until too, a chunk that is finished at the same moment would go unseen.
    const open = await session.rows<OpenChunk>(
      `UPDATE ${tables.chunks} SET epoch = $2, lease_until = lease_until WHERE sync = $1 AND finished_at IS NULL
       RETURNING chunk, records, file, sha256, holder IS NOT NULL AS started, greatest(0, coalesce(epoch_ms(lease_until) - epoch_ms(now()), 0)) AS remaining_ms`,
      [sync.number, epoch],
    );
    open.sort((one, other) => one.chunk - other.chunk);
    return {
      sync: { ...sync, epoch },
      leaseRemainingMs: Math.max(0, ...open.map((row) => row.remaining_ms)),
      unfinished: open.map(({ chunk, records, file, sha256, started }) => ({ chunk, records, file, sha256, started })),
    };
  });
}

/**
 * Step 6 of a sync, one transaction. Every chunk that was started must be finished by now; one that never started was not sent.
 * Acknowledged: excluded records, and those of finished chunks that have no outcome row.
 */
export async function settleSync(client: DuckdbClient, sync: SyncRef, end: EarlyEnd | null): Promise<SyncResult> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  return client.transaction(
    async (session) => {
      const row = await readSync(session, tables, sync);
      if (row.status !== 'in_progress') return asSyncResult(sync.subscriptionId, row);
      await takeTurn(session, tables);
      const books = row.attempt === null ? emptyBooks : closedBooks(sync, await countBooks(session, tables, row, sync));
      if (row.attempt !== null) await moveState(session, tables, sync, tables.intent(sync.number, row.attempt));
      if (end === null && books.notSent === 0 && !row.more_to_extract && row.trigger !== 'replay') await completeDiff(session, tables, sync);
      await keepUsage(session, tables, sync.number);
      const [ambiguous] = await session.rows<{ records: number }>(`SELECT count(*) AS records FROM ${tables.outcomes} WHERE sync = $1 AND outcome = 'ambiguous'`, [sync.number]);
      await session.run(`DELETE FROM ${tables.outcomes} WHERE sync = $1`, [sync.number]);
      const chunks = await session.run(`DELETE FROM ${tables.chunks} WHERE sync = $1`, [sync.number]);
      for (const table of row.attempt === null ? [] : [tables.delta(sync.number, row.attempt), tables.intent(sync.number, row.attempt)]) await session.run(`DROP TABLE IF EXISTS ${table}`);
      return close(session, tables, sync, books, row, end, chunks, ambiguous?.records ?? 0);
    },
    { bulk: true },
  );
}

async function readSync(session: Session, tables: TableNames, sync: SyncRef): Promise<SyncColumns> {
  const [row] = await session.rows<SyncColumns>(`SELECT * FROM ${tables.syncs} WHERE number = $1`, [sync.number]);
  if (row === undefined) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} has no row in ${tables.syncs}`);
  if (row.status === 'in_progress' && row.epoch !== sync.epoch) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} was taken over before it could be settled`);
  return row;
}

async function countBooks(session: Session, tables: TableNames, row: SyncColumns, sync: SyncRef): Promise<Books> {
  const [chunks] = await session.rows<ChunkSums>(
    `SELECT count(*) AS registered, count(*) FILTER (holder IS NOT NULL AND finished_at IS NULL) AS doubtful, coalesce(sum(succeeded), 0) AS succeeded, coalesce(sum(failed), 0) AS failed,
       coalesce(sum(CASE WHEN finished_at IS NULL THEN records ELSE not_sent END), 0) AS not_sent
     FROM ${tables.chunks} WHERE sync = $1`,
    [sync.number],
  );
  return booksOf(sync, row, chunks);
}

/** Moves `records_` and `failures_` forward by what the intent and the outcomes say. */
async function moveState(session: Session, tables: TableNames, sync: SyncRef, intent: string): Promise<void> {
  const settled = `(
    SELECT i.record_id, i.operation, i.checksum, o.outcome, o.reason, o.code, i.chunk IS NULL OR (c.finished_at IS NOT NULL AND o.record_id IS NULL) AS acknowledged
    FROM ${intent} AS i
    LEFT JOIN ${tables.chunks} AS c ON c.sync = ${sync.number} AND c.chunk = i.chunk
    LEFT JOIN ${tables.outcomes} AS o ON o.sync = ${sync.number} AND o.chunk = i.chunk AND o.record_id = i.record_id)`;
  await session.run(`DELETE FROM ${tables.records} WHERE record_id IN (SELECT record_id FROM ${settled} WHERE acknowledged AND operation IN ('updated', 'new', 'deleted'))`);
  await session.run(`INSERT INTO ${tables.records} SELECT record_id, checksum FROM ${settled} WHERE acknowledged AND operation IN ('new', 'updated')`);
  await session.run(`DELETE FROM ${tables.failures} WHERE record_id IN (SELECT record_id FROM ${settled} WHERE acknowledged)`);
  await session.run(
    `MERGE INTO ${tables.failures} AS f USING (SELECT * FROM ${settled} WHERE outcome IN ('failed', 'ambiguous')) AS s ON f.record_id = s.record_id
     WHEN MATCHED THEN UPDATE SET operation = s.operation, checksum = s.checksum, reason = s.reason, code = s.code, last_failed_at = now(),
       maybe_delivered = f.maybe_delivered OR s.outcome = 'ambiguous', attempts = f.attempts + CAST(s.outcome = 'failed' AS INTEGER),
       expired = f.attempts + CAST(s.outcome = 'failed' AS INTEGER) >= ${maxAttempts} OR f.first_failed_at < now() - INTERVAL ${maxDays} DAYS
     WHEN NOT MATCHED THEN INSERT (record_id, operation, checksum, maybe_delivered, attempts, first_failed_at, last_failed_at, reason, code)
       VALUES (s.record_id, s.operation, s.checksum, s.outcome = 'ambiguous', CAST(s.outcome = 'failed' AS INTEGER), now(), now(), s.reason, s.code)`,
  );
}

/** Nothing that the diff found waits any more: the next one may start from here. A record that failed is looked at again by its id. */
async function completeDiff(session: Session, tables: TableNames, sync: SyncRef): Promise<void> {
  await session.run(
    `UPDATE ${tables.state} AS t SET baseline_pending = false, model_digest = s.model_digest, columns = s.columns,
       full_diff_at = CASE WHEN s.full_diff THEN s.started_at ELSE t.full_diff_at END
     FROM ${tables.syncs} AS s WHERE s.number = $1`,
    [sync.number],
  );
  await session.run(
    `UPDATE ${tables.checkpoints} AS c SET checkpoint = s.checkpoint FROM ${tables.syncs} AS s
     WHERE s.number = $1 AND s.checkpoint IS NOT NULL AND (c.checkpoint IS NULL OR c.checkpoint < s.checkpoint OR c.checkpoint > now())`,
    [sync.number],
  );
}

async function close(
  session: Session,
  tables: TableNames,
  sync: SyncRef,
  books: Books,
  row: SyncColumns,
  end: EarlyEnd | null,
  startedChunks: number,
  ambiguous: number,
): Promise<SyncResult> {
  const status = finalStatus(books, row.more_to_extract, end);
  const [finished] = await session.rows<SyncColumns>(
    `UPDATE ${tables.syncs} SET status = $2, finished_at = now(), processed = $3, succeeded = $4, failed = $5, not_sent = $6, excluded = $7, error = $8, started_chunks = $9, ambiguous = $10
     WHERE number = $1 RETURNING *`,
    [sync.number, status, books.processed, books.succeeded, books.failed, books.notSent, books.excluded, end?.kind === 'failed' ? end.message : null, startedChunks, ambiguous],
  );
  if (finished === undefined) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} vanished while it was settled`);
  return asSyncResult(sync.subscriptionId, finished);
}
