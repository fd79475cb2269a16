import type pg from 'pg';
import { emptyBooks, type Books } from '../../domain/books.js';
import { finalStatus, type EarlyEnd, type SyncResult } from '../../domain/sync.js';
import { FencedError } from '../../errors/errors.js';
import { booksOf, closedBooks, maxAttempts, maxDays, type ChunkSums } from '../settlement.js';
import { asSyncResult, type SyncColumns } from '../sync-row.js';
import type { SyncRef, UnfinishedChunk } from '../warehouse.js';
import type { PostgresClient } from './client.js';
import { tableNames, type TableNames } from './names.js';
import { updateStateTables } from './tables.js';
import { keepUsage } from './usage.js';
import { wordsFor } from './words.js';

/** Raises the sync's epoch: from now on nobody else can start, renew or finish a chunk of it. Leases that already run must be waited out. */
export async function fenceSync(
  client: PostgresClient,
  sync: SyncRef,
): Promise<{ readonly sync: SyncRef; readonly leaseRemainingMs: number; readonly unfinished: readonly UnfinishedChunk[] }> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  return client.transaction(async (connection) => {
    const raised = await connection.query<{ epoch: string }>(`UPDATE ${tables.syncs} SET epoch = epoch + 1 WHERE number = $1 AND finished_at IS NULL RETURNING epoch`, [
      sync.number,
    ]);
    const epoch = Number(raised.rows[0]?.epoch ?? sync.epoch);
    const open = await connection.query<{ chunk: number; records: string; file: string; sha256: string; started: boolean; remaining_ms: number }>(
      `SELECT chunk, records, file, sha256, holder IS NOT NULL AS started,
         greatest(0, coalesce(extract(epoch FROM lease_until - clock_timestamp()) * 1000, 0))::float8 AS remaining_ms
       FROM ${tables.chunks} WHERE sync = $1 AND finished_at IS NULL ORDER BY chunk`,
      [sync.number],
    );
    return {
      sync: { ...sync, epoch },
      leaseRemainingMs: Math.max(0, ...open.rows.map((row) => row.remaining_ms)),
      unfinished: open.rows.map((row) => ({ chunk: row.chunk, records: Number(row.records), file: row.file, sha256: row.sha256, started: row.started })),
    };
  });
}

/**
 * Step 6 of a sync, one transaction. Every chunk that was started must be finished by now; one that never started was not sent.
 * Acknowledged: excluded records, and those of finished chunks that have no outcome row.
 */
export async function settleSync(client: PostgresClient, sync: SyncRef, end: EarlyEnd | null): Promise<SyncResult> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  return client.transaction(
    async (connection) => {
      await updateStateTables(connection, tables);
      const row = await lockSync(connection, tables, sync);
      if (row.status !== 'in_progress') return asSyncResult(sync.subscriptionId, row);
      const intent = row.attempt === null ? null : tables.intent(sync.number, row.attempt);
      const books = closedBooks(sync, intent === null ? emptyBooks : await countBooks(connection, tables, row, sync));
      const outcomes = await countOutcomes(connection, tables, sync);
      if (intent !== null) await moveState(connection, tables, sync, intent, books.notSent === 0 && outcomes.all === 0);
      if (end === null && books.notSent === 0 && !row.more_to_extract && row.trigger !== 'replay') await completeDiff(connection, tables, sync);
      await keepUsage(connection, tables, sync.number);
      await connection.query(`DELETE FROM ${tables.outcomes} WHERE sync = $1`, [sync.number]);
      const started = await connection.query(`DELETE FROM ${tables.chunks} WHERE sync = $1 RETURNING 1`, [sync.number]);
      if (row.attempt !== null) await connection.query(`DROP TABLE IF EXISTS ${tables.delta(sync.number, row.attempt)}, ${tables.intent(sync.number, row.attempt)}`);
      return close(connection, tables, sync, books, row, end, started.rowCount ?? 0, outcomes.ambiguous);
    },
    { bulk: true },
  );
}

async function lockSync(connection: pg.PoolClient, tables: TableNames, sync: SyncRef): Promise<SyncColumns> {
  const found = await connection.query<SyncColumns>(`SELECT * FROM ${tables.syncs} WHERE number = $1 FOR UPDATE`, [sync.number]);
  const row = found.rows[0];
  if (row === undefined) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} has no row in ${tables.syncs}`);
  if (row.status === 'in_progress' && Number(row.epoch) !== sync.epoch) {
    throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} was taken over before it could be settled`);
  }
  return row;
}

async function countBooks(connection: pg.PoolClient, tables: TableNames, row: SyncColumns, sync: SyncRef): Promise<Books> {
  const counted = await connection.query<ChunkSums>(
    `SELECT count(*) AS registered, count(*) FILTER (WHERE holder IS NOT NULL AND finished_at IS NULL) AS doubtful, coalesce(sum(succeeded), 0) AS succeeded, coalesce(sum(failed), 0) AS failed,
       coalesce(sum(CASE WHEN finished_at IS NULL THEN records ELSE not_sent END), 0) AS not_sent
     FROM ${tables.chunks} WHERE sync = $1`,
    [sync.number],
  );
  return booksOf(sync, row, counted.rows[0]);
}

/** Records that were not simply taken. */
async function countOutcomes(connection: pg.PoolClient, tables: TableNames, sync: SyncRef): Promise<{ readonly all: number; readonly ambiguous: number }> {
  const counted = await connection.query<{ all: string; ambiguous: string }>(
    `SELECT count(*) AS all, count(*) FILTER (WHERE outcome = 'ambiguous') AS ambiguous FROM ${tables.outcomes} WHERE sync = $1`,
    [sync.number],
  );
  return { all: Number(counted.rows[0]?.all), ambiguous: Number(counted.rows[0]?.ambiguous) };
}

/** Moves `records_` and `failures_` forward by what the intent and the outcomes say. Where `allTaken`, the intent says it all, and two joins over it are saved: a third of a first settlement. */
async function moveState(connection: pg.PoolClient, tables: TableNames, sync: SyncRef, intent: string, allTaken: boolean): Promise<void> {
  const settled = allTaken ? `(SELECT record_id, operation, checksum, true AS acknowledged FROM ${intent}) AS s` : `(
    SELECT i.record_id, i.operation, i.checksum, o.outcome, o.reason, o.code, i.chunk IS NULL OR (c.finished_at IS NOT NULL AND o.record_id IS NULL) AS acknowledged
    FROM ${intent} AS i
    LEFT JOIN ${tables.chunks} AS c ON c.sync = ${sync.number} AND c.chunk = i.chunk
    LEFT JOIN ${tables.outcomes} AS o ON o.sync = ${sync.number} AND o.chunk = i.chunk AND o.record_id = i.record_id) AS s`;
  const known = await connection.query(`SELECT FROM ${tables.records} LIMIT 1`);
  if (known.rowCount === 0) await fillRecords(connection, tables, settled);
  else await updateRecords(connection, tables, settled);
  await connection.query(`DELETE FROM ${tables.failures} AS f USING ${settled} WHERE s.acknowledged AND f.record_id = s.record_id`);
  if (allTaken) return;
  await connection.query(
    `INSERT INTO ${tables.failures} AS f (record_id, operation, checksum, maybe_delivered, attempts, first_failed_at, last_failed_at, reason, code)
     SELECT record_id, operation, checksum, outcome = 'ambiguous', (outcome = 'failed')::int, now(), now(), reason, code
     FROM ${settled} WHERE outcome IN ('failed', 'ambiguous')
     ON CONFLICT (record_id) DO UPDATE SET operation = excluded.operation, checksum = excluded.checksum, reason = excluded.reason, code = excluded.code, last_failed_at = now(),
       maybe_delivered = f.maybe_delivered OR excluded.maybe_delivered, attempts = f.attempts + excluded.attempts,
       expired = f.attempts + excluded.attempts >= ${maxAttempts} OR f.first_failed_at < now() - interval '${maxDays} days'`,
  );
}

/** The first records: rows first and the key afterwards cost a third of inserting under the key. The table stays the same one, with whatever was granted on it. */
async function fillRecords(connection: pg.PoolClient, tables: TableNames, settled: string): Promise<void> {
  const key = await connection.query<{ name: string }>(`SELECT quote_ident(conname) AS name FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'p'`, [tables.records]);
  for (const { name } of key.rows) await connection.query(`ALTER TABLE ${tables.records} DROP CONSTRAINT ${name}`);
  await connection.query(`INSERT INTO ${tables.records} (record_id, checksum) SELECT record_id, checksum FROM ${settled} WHERE acknowledged AND operation IN ('new', 'updated')`);
  await connection.query(`ALTER TABLE ${tables.records} ADD PRIMARY KEY (record_id)`);
}

async function updateRecords(connection: pg.PoolClient, tables: TableNames, settled: string): Promise<void> {
  await connection.query(`DELETE FROM ${tables.records} AS r USING ${settled} WHERE s.acknowledged AND s.operation = 'deleted' AND r.record_id = s.record_id`);
  await connection.query(`
    INSERT INTO ${tables.records} (record_id, checksum) SELECT record_id, checksum FROM ${settled} WHERE acknowledged AND operation IN ('new', 'updated')
    ON CONFLICT (record_id) DO UPDATE SET checksum = excluded.checksum`);
}

/** Nothing that the diff found waits any more: the next one may start from here. A record that failed is looked at again by its id. */
async function completeDiff(connection: pg.PoolClient, tables: TableNames, sync: SyncRef): Promise<void> {
  await connection.query(
    `UPDATE ${tables.state} AS t SET baseline_pending = false, model_digest = s.model_digest, columns = s.columns,
       full_diff_at = CASE WHEN s.full_diff THEN s.started_at ELSE t.full_diff_at END
     FROM ${tables.syncs} AS s WHERE s.number = $1`,
    [sync.number],
  );
  await connection.query(
    `UPDATE ${tables.checkpoints} AS c SET checkpoint = s.checkpoint FROM ${tables.syncs} AS s
     WHERE s.number = $1 AND s.checkpoint IS NOT NULL AND (c.checkpoint IS NULL OR c.checkpoint < s.checkpoint OR c.checkpoint > now())`,
    [sync.number],
  );
}

async function close(
  connection: pg.PoolClient,
  tables: TableNames,
  sync: SyncRef,
  books: Books,
  row: SyncColumns,
  end: EarlyEnd | null,
  startedChunks: number,
  ambiguous: number,
): Promise<SyncResult> {
  const status = finalStatus(books, row.more_to_extract, end);
  const error = end?.kind === 'failed' ? (await wordsFor(connection))(end.message) : null;
  const closed = await connection.query<SyncColumns>(
    `UPDATE ${tables.syncs} SET status = $2, finished_at = clock_timestamp(), processed = $3, succeeded = $4, failed = $5, not_sent = $6, excluded = $7, error = $8, started_chunks = $9, ambiguous = $10
     WHERE number = $1 RETURNING *`,
    [sync.number, status, books.processed, books.succeeded, books.failed, books.notSent, books.excluded, error, startedChunks, ambiguous],
  );
  const finished = closed.rows[0];
  if (finished === undefined) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} vanished while it was settled`);
  return asSyncResult(sync.subscriptionId, finished);
}
