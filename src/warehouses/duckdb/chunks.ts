import { usageDay } from '../../domain/billing-cycle.js';
import { FencedError } from '../../errors/errors.js';
import type { AcquireAnswer, ChunkCounts, RecordOutcome, StagedChunk, SyncRef } from '../warehouse.js';
import type { DuckdbClient, Session } from './client.js';
import { tableNames, type TableNames } from './names.js';
import { checkOpenSync, holdOpenSync } from './open.js';

interface ChunkRow extends StagedChunk {
  readonly holder: string | null;
  readonly remaining_ms: number | null;
  readonly finished: boolean;
  readonly succeeded: number;
  readonly failed: number;
  readonly not_sent: number;
}

const chunkColumns = `chunk, records, file, sha256, holder, epoch_ms(lease_until) - epoch_ms(now()) AS remaining_ms, finished_at IS NOT NULL AS finished, succeeded, failed, not_sent`;

function asStagedChunk({ chunk, records, file, sha256 }: StagedChunk): StagedChunk {
  return { chunk, records, file, sha256 };
}

/** Registers the staged files, once a sync: a second staging attempt gets the first one's files back and drops its own. */
export async function registerChunks(client: DuckdbClient, sync: SyncRef, chunks: readonly StagedChunk[]): Promise<readonly StagedChunk[]> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  return client.transaction(async (session) => {
    await holdOpenSync(session, tables, sync);
    await session.run(
      `INSERT INTO ${tables.chunks} (sync, chunk, epoch, records, file, sha256)
       SELECT $1, staged.chunk, $2, staged.records, staged.file, staged.sha256
       FROM (SELECT unnest(from_json($3, '[{"chunk":"INTEGER","records":"BIGINT","file":"VARCHAR","sha256":"VARCHAR"}]')) AS staged)
       WHERE NOT EXISTS (SELECT 1 FROM ${tables.chunks} WHERE sync = $1)`,
      [sync.number, sync.epoch, JSON.stringify(chunks)],
    );
    const registered = await session.rows<StagedChunk>(`SELECT chunk, records, file, sha256 FROM ${tables.chunks} WHERE sync = $1 ORDER BY chunk`, [sync.number]);
    await session.run(`UPDATE ${tables.syncs} SET staged = $2 WHERE number = $1 AND staged IS NULL`, [sync.number, JSON.stringify(registered)]);
    return registered;
  });
}

/** Takes or renews a chunk's lease. A taken lease marks the chunk as started: from then on its records may have left. */
export async function acquireChunk(client: DuckdbClient, sync: SyncRef, chunk: number, holder: string, leaseMs: number): Promise<AcquireAnswer> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  return client.transaction(async (session) => {
    await holdOpenSync(session, tables, sync);
    const row = await readChunk(session, tables, sync, chunk);
    if (row.finished) return { kind: 'finished', counts: { succeeded: row.succeeded, failed: row.failed, notSent: row.not_sent } };
    const remainingMs = row.remaining_ms ?? 0;
    if (row.holder !== null && row.holder !== holder && remainingMs > 0) return { kind: 'held', remainingMs };
    await session.run(`UPDATE ${tables.chunks} SET holder = $3, lease_until = now() + to_milliseconds($4) WHERE sync = $1 AND chunk = $2`, [sync.number, chunk, holder, leaseMs]);
    return { kind: 'acquired', chunk: asStagedChunk(row) };
  });
}

async function readChunk(session: Session, tables: TableNames, sync: SyncRef, chunk: number): Promise<ChunkRow> {
  const [row] = await session.rows<ChunkRow>(`SELECT ${chunkColumns} FROM ${tables.chunks} WHERE sync = $1 AND chunk = $2`, [sync.number, chunk]);
  if (row === undefined) throw new FencedError(`chunk ${chunk} of sync ${sync.subscriptionId}-${sync.number} is not registered`);
  return row;
}

/** Ends a lease that is still this holder's. The chunk stays marked as started. */
export async function releaseChunk(client: DuckdbClient, sync: SyncRef, chunk: number, holder: string): Promise<void> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  await client.transaction((session) => session.run(`UPDATE ${tables.chunks} SET lease_until = now() WHERE sync = $1 AND chunk = $2 AND holder = $3`, [sync.number, chunk, holder]));
}

/** Writes down how a chunk ended: only records that did not succeed take a row. */
export async function finishChunk(
  client: DuckdbClient,
  sync: SyncRef,
  chunk: number,
  holder: string,
  counts: ChunkCounts,
  outcomes: AsyncIterable<RecordOutcome>,
  atMs?: number,
): Promise<void> {
  await finish(client, sync, chunk, holder, atMs, async (session) => {
    await appendOutcomes(session, client.settings.stateSchema, sync, chunk, outcomes);
    return counts;
  });
}

/** Finishes a chunk whose staged records are lost, from the intent alone. */
export async function abandonChunk(client: DuckdbClient, sync: SyncRef, chunk: number, holder: string, reason: string, atMs?: number): Promise<void> {
  await finish(client, sync, chunk, holder, atMs, async (session, tables) => {
    const [found] = await session.rows<{ attempt: number }>(`SELECT attempt FROM ${tables.syncs} WHERE number = $1`, [sync.number]);
    const failed = await session.run(
      `INSERT INTO ${tables.outcomes} (sync, chunk, record_id, outcome, reason) SELECT $1, $2, record_id, 'ambiguous', $3 FROM ${tables.intent(sync.number, found?.attempt ?? 0)} WHERE chunk = $2`,
      [sync.number, chunk, reason],
    );
    return { succeeded: 0, failed, notSent: 0 };
  });
}

async function finish(
  client: DuckdbClient,
  sync: SyncRef,
  chunk: number,
  holder: string,
  atMs: number | undefined,
  writeOutcomes: (session: Session, tables: TableNames) => Promise<ChunkCounts>,
): Promise<void> {
  const tables = tableNames(client.settings.stateSchema, sync.subscriptionId);
  // Outcomes come as a stream, which can't be read twice.
  await client.transaction(async (session) => {
    await checkOpenSync(session, tables, sync);
    const row = await readChunk(session, tables, sync, chunk);
    if (row.finished) return;
    if (row.holder !== holder) throw new FencedError(`chunk ${chunk} of sync ${sync.subscriptionId}-${sync.number} was taken over by another attempt`);
    const counts = await writeOutcomes(session, tables);
    await session.run(
      `UPDATE ${tables.chunks} SET finished_at = now(), finished_on = $6, lease_until = NULL, succeeded = $3, failed = $4, not_sent = $5 WHERE sync = $1 AND chunk = $2`,
      [sync.number, chunk, counts.succeeded, counts.failed, counts.notSent, usageDay(atMs ?? Date.now())],
    );
  }, { repeatable: false });
}

async function appendOutcomes(session: Session, schema: string, sync: SyncRef, chunk: number, outcomes: AsyncIterable<RecordOutcome>): Promise<void> {
  const appender = await session.connection.createAppender(`outcomes_${sync.subscriptionId}`, schema);
  try {
    for await (const { recordId, outcome, reason, code } of outcomes) {
      appender.appendBigInt(BigInt(sync.number));
      appender.appendInteger(chunk);
      for (const text of [recordId, outcome, reason]) appender.appendVarchar(text);
      if (code === undefined) appender.appendNull();
      else appender.appendVarchar(code);
      appender.endRow();
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}
