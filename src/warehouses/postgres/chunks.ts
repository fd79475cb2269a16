import { from as copyFrom } from 'pg-copy-streams';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { usageDay } from '../../domain/billing-cycle.js';
import { FencedError } from '../../errors/errors.js';
import type { AcquireAnswer, ChunkCounts, RecordOutcome, StagedChunk, SyncRef } from '../warehouse.js';
import type { PostgresClient } from './client.js';
import { copyText } from './copy-text.js';
import { tableNames, type TableNames } from './names.js';
import { holdOpenSync } from './open.js';
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
    await holdOpenSync(connection, tables, sync, 'UPDATE');
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

/** Takes or renews a chunk's lease. A taken lease marks the chunk as started: from then on its records may have left. */
export async function acquireChunk(client: PostgresClient, sync: SyncRef, chunk: number, holder: string, leaseMs: number): Promise<AcquireAnswer> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  return client.transaction(async (connection) => {
    await holdOpenSync(connection, tables, sync, 'SHARE');
    const row = await lockChunk(connection, tables, sync, chunk);
    if (row.finished) return { kind: 'finished', counts: { succeeded: Number(row.succeeded), failed: Number(row.failed), notSent: Number(row.not_sent) } };
    if (row.holder !== null && row.holder !== holder && (row.remaining_ms ?? 0) > 0) return { kind: 'held', remainingMs: row.remaining_ms ?? 0 };
    await connection.query(
      `UPDATE ${tables.chunks} SET holder = $3, lease_until = clock_timestamp() + $4 * interval '1 millisecond' WHERE sync = $1 AND chunk = $2`,
      [sync.number, chunk, holder, leaseMs],
    );
    return { kind: 'acquired', chunk: asStagedChunk(row) };
  });
}

async function lockChunk(connection: pg.PoolClient, tables: TableNames, sync: SyncRef, chunk: number): Promise<ChunkRow> {
  const found = await connection.query<ChunkRow>(`SELECT ${chunkColumns} FROM ${tables.chunks} WHERE sync = $1 AND chunk = $2 FOR UPDATE`, [sync.number, chunk]);
  const row = found.rows[0];
  if (row === undefined) throw new FencedError(`chunk ${chunk} of sync ${sync.subscriptionId}-${sync.number} is not registered`);
  return row;
}

/** Ends a lease that is still this holder's. The chunk stays marked as started. */
export async function releaseChunk(client: PostgresClient, sync: SyncRef, chunk: number, holder: string): Promise<void> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  await client.transaction((connection) =>
    connection.query(`UPDATE ${tables.chunks} SET lease_until = clock_timestamp() WHERE sync = $1 AND chunk = $2 AND holder = $3`, [sync.number, chunk, holder]),
  );
}

/** Writes down how a chunk ended: only records that did not succeed take a row. */
export async function finishChunk(
  client: PostgresClient,
  sync: SyncRef,
  chunk: number,
  holder: string,
  counts: ChunkCounts,
  outcomes: AsyncIterable<RecordOutcome>,
  atMs?: number,
): Promise<void> {
  await finish(client, sync, chunk, holder, atMs, async (connection, tables) => {
    if (counts.failed + counts.notSent === 0) return counts;
    const fit = await wordsFor(connection);
    const copy = connection.query(copyFrom(`COPY ${tables.outcomes} (sync, chunk, record_id, outcome, reason, code) FROM STDIN`));
    await pipeline(Readable.from(copyRows(sync, chunk, outcomes, fit)), copy);
    return counts;
  });
}

/** Finishes a chunk whose staged records are lost, from the intent alone. */
export async function abandonChunk(client: PostgresClient, sync: SyncRef, chunk: number, holder: string, reason: string, atMs?: number): Promise<void> {
  await finish(client, sync, chunk, holder, atMs, async (connection, tables) => {
    const found = await connection.query<{ attempt: number }>(`SELECT attempt FROM ${tables.syncs} WHERE number = $1`, [sync.number]);
    const written = await connection.query(
      `INSERT INTO ${tables.outcomes} (sync, chunk, record_id, outcome, reason)
       SELECT $1, $2, record_id, 'ambiguous', $3 FROM ${tables.intent(sync.number, found.rows[0]?.attempt ?? 0)} WHERE chunk = $2`,
      [sync.number, chunk, reason],
    );
    return { succeeded: 0, failed: written.rowCount ?? 0, notSent: 0 };
  });
}

async function finish(
  client: PostgresClient,
  sync: SyncRef,
  chunk: number,
  holder: string,
  atMs: number | undefined,
  writeOutcomes: (connection: pg.PoolClient, tables: TableNames) => Promise<ChunkCounts>,
): Promise<void> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  await client.transaction(async (connection) => {
    await updateStateTables(connection, tables);
    await holdOpenSync(connection, tables, sync, 'SHARE');
    const row = await lockChunk(connection, tables, sync, chunk);
    if (row.finished) return;
    if (row.holder !== holder) throw new FencedError(`chunk ${chunk} of sync ${sync.subscriptionId}-${sync.number} was taken over by another attempt`);
    const counts = await writeOutcomes(connection, tables);
    await connection.query(
      `UPDATE ${tables.chunks} SET finished_at = clock_timestamp(), finished_on = $6, lease_until = NULL, succeeded = $3, failed = $4, not_sent = $5 WHERE sync = $1 AND chunk = $2`,
      [sync.number, chunk, counts.succeeded, counts.failed, counts.notSent, usageDay(atMs ?? Date.now())],
    );
  });
}

async function* copyRows(sync: SyncRef, chunk: number, outcomes: AsyncIterable<RecordOutcome>, fit: (words: string) => string): AsyncGenerator<string> {
  for await (const outcome of outcomes) {
    yield `${sync.number}\t${chunk}\t${copyText(outcome.recordId)}\t${outcome.outcome}\t${copyText(fit(outcome.reason))}\t${outcome.code === undefined ? '\\N' : copyText(fit(outcome.code))}\n`;
  }
}
