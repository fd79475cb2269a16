import { from as copyFrom } from 'pg-copy-streams';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { usageDay } from '../../domain/billing-cycle.js';
import { FencedError } from '../../errors/errors.js';
import type { AcquireAnswer, ChunkCounts, RecordOutcome, StagedChunk, SyncRef } from '../warehouse.js';
import { queryOn, type PostgresClient, type Query } from './client.js';
import { copyText } from './copy-text.js';
import { tableNames, type TableNames } from './names.js';
import { holdOpenSync, openSyncRow } from './open.js';
import { updateStateTables } from './tables.js';
import { wordsFor } from './words.js';

interface ChunkRow {
  readonly chunk: number;
  readonly records: string;
  readonly file: string;
  readonly sha256: string;
  readonly holder: string | null;
  readonly remaining_ms: number | null;
  readonly finished: boolean;
  readonly succeeded: string;
  readonly failed: string;
  readonly not_sent: string;
}

const chunkColumns = `chunk, records, file, sha256, holder, (extract(epoch FROM lease_until - clock_timestamp()) * 1000)::float8 AS remaining_ms,
  finished_at IS NOT NULL AS finished, succeeded, failed, not_sent`;

function asStagedChunk(row: ChunkRow): StagedChunk {
  return { chunk: row.chunk, records: Number(row.records), file: row.file, sha256: row.sha256 };
}

/** Registers the staged files, once a sync: a second staging attempt gets the first one's files back and drops its own. */
export async function registerChunks(client: PostgresClient, sync: SyncRef, chunks: readonly StagedChunk[]): Promise<readonly StagedChunk[]> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  return client.transaction(async (connection) => {
    await updateStateTables(connection, tables);
    await holdOpenSync(queryOn(connection), tables, sync, 'UPDATE');
    await connection.query(
      `INSERT INTO ${tables.chunks} (sync, chunk, records, file, sha256)
       SELECT $1, chunk, records, file, sha256 FROM jsonb_to_recordset($2) AS staged(chunk int, records bigint, file text, sha256 text)
       WHERE NOT EXISTS (SELECT FROM ${tables.chunks} WHERE sync = $1)`,
      [sync.number, JSON.stringify(chunks)],
    );
    const registered = await connection.query<ChunkRow>(`SELECT ${chunkColumns} FROM ${tables.chunks} WHERE sync = $1 ORDER BY chunk`, [sync.number]);
    await connection.query(`UPDATE ${tables.syncs} SET staged = $2 WHERE number = $1 AND staged IS NULL`, [sync.number, JSON.stringify(registered.rows.map(asStagedChunk))]);
    return registered.rows.map(asStagedChunk);
  });
}

/**
 * Takes or renews a chunk's lease, in one statement: a load waits for it before its first record, and many take theirs at once. Of two that change the chunk's row one waits
 * for the other, and then looks at what that left. A taken lease marks the chunk as started: from then on its records may have left.
 */
export async function acquireChunk(client: PostgresClient, sync: SyncRef, chunk: number, holder: string, leaseMs: number): Promise<AcquireAnswer> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  const taken = await client.statement<ChunkRow>(
    `WITH open AS (${openSyncRow(tables, 'SHARE')})
     UPDATE ${tables.chunks} SET holder = $4, lease_until = clock_timestamp() + $5 * interval '1 millisecond'
     WHERE sync = $1 AND chunk = $3 AND finished_at IS NULL AND (holder IS NULL OR holder = $4 OR lease_until <= clock_timestamp()) AND EXISTS (SELECT FROM open)
     RETURNING ${chunkColumns}`,
    [sync.number, sync.epoch, chunk, holder, leaseMs],
  );
  if (taken.rows[0] !== undefined) return { kind: 'acquired', chunk: asStagedChunk(taken.rows[0]) };
  const row = await readChunk(client.statement, tables, sync, chunk);
  if (row.finished) return { kind: 'finished', counts: { succeeded: Number(row.succeeded), failed: Number(row.failed), notSent: Number(row.not_sent) } };
  // What ran out or was given back since the first statement shows as a moment left: the caller asks again.
  return { kind: 'held', remainingMs: Math.max(row.remaining_ms ?? 0, 1) };
}

/** A chunk of a sync that is open; FencedError when it isn't, or has no such chunk. */
async function readChunk(query: Query, tables: TableNames, sync: SyncRef, chunk: number): Promise<ChunkRow> {
  await holdOpenSync(query, tables, sync, 'SHARE');
  const found = await query<ChunkRow>(`SELECT ${chunkColumns} FROM ${tables.chunks} WHERE sync = $1 AND chunk = $2`, [sync.number, chunk]);
  const row = found.rows[0];
  if (row === undefined) throw new FencedError(`chunk ${chunk} of sync ${sync.subscriptionId}-${sync.number} is not registered`);
  return row;
}

/** Ends a lease that is still this holder's. The chunk stays marked as started. */
export async function releaseChunk(client: PostgresClient, sync: SyncRef, chunk: number, holder: string): Promise<void> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  await client.statement(`UPDATE ${tables.chunks} SET lease_until = clock_timestamp() WHERE sync = $1 AND chunk = $2 AND holder = $3`, [sync.number, chunk, holder]);
}

/** Writes down how a chunk ended: only records that did not succeed take a row. Where all did, the chunk's own row says it in one statement. */
export async function finishChunk(
  client: PostgresClient,
  sync: SyncRef,
  chunk: number,
  holder: string,
  counts: ChunkCounts,
  outcomes: AsyncIterable<RecordOutcome>,
  atMs?: number,
): Promise<void> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  if (counts.failed + counts.notSent === 0) {
    await close(client.statement, tables, sync, chunk, holder, counts, atMs);
    return;
  }
  await client.transaction(async (connection) => {
    await updateStateTables(connection, tables);
    if (!(await close(queryOn(connection), tables, sync, chunk, holder, counts, atMs))) return;
    const fit = await wordsFor(connection);
    const copy = connection.query(copyFrom(`COPY ${tables.outcomes} (sync, chunk, record_id, outcome, reason, code) FROM STDIN`));
    await pipeline(Readable.from(copyRows(sync, chunk, outcomes, fit)), copy);
  });
}

/** Finishes a chunk whose staged records are lost, from the intent alone. */
export async function abandonChunk(client: PostgresClient, sync: SyncRef, chunk: number, holder: string, reason: string, atMs?: number): Promise<void> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  await client.transaction(async (connection) => {
    await updateStateTables(connection, tables);
    const found = await connection.query<{ attempt: number }>(`SELECT attempt FROM ${tables.syncs} WHERE number = $1`, [sync.number]);
    const intent = tables.intent(sync.number, found.rows[0]?.attempt ?? 0);
    const lost = await connection.query<{ records: string }>(`SELECT count(*) AS records FROM ${intent} WHERE chunk = $1`, [chunk]);
    const counts = { succeeded: 0, failed: Number(lost.rows[0]?.records), notSent: 0 };
    if (!(await close(queryOn(connection), tables, sync, chunk, holder, counts, atMs))) return;
    await connection.query(
      `INSERT INTO ${tables.outcomes} (sync, chunk, record_id, outcome, reason) SELECT $1, $2, record_id, 'ambiguous', $3 FROM ${intent} WHERE chunk = $2`,
      [sync.number, chunk, reason],
    );
  });
}

/** Ends the chunk's row, if it is still this holder's. False when the chunk is finished already, and stays as it is. */
async function close(query: Query, tables: TableNames, sync: SyncRef, chunk: number, holder: string, counts: ChunkCounts, atMs: number | undefined): Promise<boolean> {
  const closed = await query(
    `WITH open AS (${openSyncRow(tables, 'SHARE')})
     UPDATE ${tables.chunks} SET finished_at = clock_timestamp(), finished_on = $8, lease_until = NULL, succeeded = $5, failed = $6, not_sent = $7
     WHERE sync = $1 AND chunk = $3 AND finished_at IS NULL AND holder = $4 AND EXISTS (SELECT FROM open)`,
    [sync.number, sync.epoch, chunk, holder, counts.succeeded, counts.failed, counts.notSent, usageDay(atMs ?? Date.now())],
  );
  if (closed.rowCount === 1) return true;
  const row = await readChunk(query, tables, sync, chunk);
  if (!row.finished) throw new FencedError(`chunk ${chunk} of sync ${sync.subscriptionId}-${sync.number} was taken over by another attempt`);
  return false;
}

async function* copyRows(sync: SyncRef, chunk: number, outcomes: AsyncIterable<RecordOutcome>, fit: (words: string) => string): AsyncGenerator<string> {
  for await (const outcome of outcomes) {
    yield `${sync.number}\t${chunk}\t${copyText(outcome.recordId)}\t${outcome.outcome}\t${copyText(fit(outcome.reason))}\t${outcome.code === undefined ? '\\N' : copyText(fit(outcome.code))}\n`;
  }
}
