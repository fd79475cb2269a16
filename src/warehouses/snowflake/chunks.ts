import { usageDay } from '../../domain/billing-cycle.js';
import { FencedError } from '../../errors/errors.js';
import type { AcquireAnswer, ChunkCounts, RecordOutcome, StagedChunk, SyncRef } from '../warehouse.js';
import { errandOf, type SnowflakeClient } from './client.js';
import { tableNames, type TableNames } from './names.js';
import { holdOpenSync } from './open.js';
import type { Session } from './session.js';

export interface ChunkRow {
  readonly epoch: number;
  readonly chunk: number;
  readonly records: number;
  readonly file: string;
  readonly sha256: string;
  readonly holder: string | null;
  readonly remaining_ms: number | null;
  readonly finished: boolean;
  readonly succeeded: number;
  readonly failed: number;
  readonly not_sent: number;
}

export const chunkColumns = `"epoch", "chunk", "records", "file", "sha256", "holder", DATEDIFF(MILLISECOND, SYSDATE(), "lease_until") AS "remaining_ms",
  "finished_at" IS NOT NULL AS "finished", "succeeded", "failed", "not_sent"`;

export function asStagedChunk({ chunk, records, file, sha256 }: ChunkRow): StagedChunk {
  return { chunk, records, file, sha256 };
}

/** Registers the staged files, once a sync: a second staging attempt gets the first one's files back and drops its own. */
export async function registerChunks(client: SnowflakeClient, sync: SyncRef, chunks: readonly StagedChunk[]): Promise<readonly StagedChunk[]> {
  const tables = tableNames(client.settings, sync.subscriptionId);
  // Where nothing is to be written, looking is enough.
  return client[chunks.length === 0 ? 'use' : 'transaction'](errandOf(sync), async (session) => {
    await holdOpenSync(session, tables, sync);
    const select = `SELECT ${chunkColumns} FROM ${tables.chunks} WHERE "sync" = ${sync.number} ORDER BY "chunk"`;
    const earlier = await session.run<ChunkRow>(select);
    if (earlier.rows.length > 0 || chunks.length === 0) return earlier.rows.map(asStagedChunk);
    await session.run(
      `INSERT INTO ${tables.chunks} ("sync", "epoch", "chunk", "records", "file", "sha256")
       SELECT ${sync.number}, ${sync.epoch}, "v"."VALUE":chunk::NUMBER(38,0), "v"."VALUE":records::NUMBER(38,0), "v"."VALUE":file::VARCHAR, "v"."VALUE":sha256::VARCHAR
       FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) AS "v"`,
      [JSON.stringify(chunks)],
    );
    // Kept with the sync's row, for a replay: the chunks' own rows go when the sync settles.
    await session.run(`UPDATE ${tables.syncs} SET "staged" = ? WHERE "number" = ${sync.number}`, [JSON.stringify(chunks)]);
    return [...chunks].sort((one, other) => one.chunk - other.chunk);
  });
}

/**
 * Takes or renews a chunk's lease, in one statement that looks at the chunk's own row only: whoever fences, settles or finishes changes that row, and of two changes
 * to a table one waits for the other. A taken lease marks the chunk as started: from then on its records may have left.
 */
export async function acquireChunk(client: SnowflakeClient, sync: SyncRef, chunk: number, holder: string, leaseMs: number): Promise<AcquireAnswer> {
  const tables = tableNames(client.settings, sync.subscriptionId);
  return client.use(errandOf(sync), async (session) => {
    const taken = await session.run(
      `UPDATE ${tables.chunks} SET "holder" = ?, "lease_until" = DATEADD(MILLISECOND, ${Math.ceil(leaseMs)}, SYSDATE())
       WHERE ${rowOf(sync, chunk)} AND "epoch" = ${sync.epoch} AND "finished_at" IS NULL AND ("holder" IS NULL OR "holder" = ? OR "lease_until" <= SYSDATE())`,
      [holder, holder],
    );
    const row = await session.first<ChunkRow>(`SELECT ${chunkColumns} FROM ${tables.chunks} WHERE ${rowOf(sync, chunk)}`);
    if (row === undefined) throw new FencedError(`chunk ${chunk} of sync ${sync.subscriptionId}-${sync.number} is not registered, or its sync was settled`);
    if (taken.changed === 1) return { kind: 'acquired', chunk: asStagedChunk(row) };
    if (row.epoch !== sync.epoch) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} is no longer open: it was taken over`);
    if (row.finished) return { kind: 'finished', counts: { succeeded: row.succeeded, failed: row.failed, notSent: row.not_sent } };
    // What ran out or was given back since the first statement shows as a moment left: the caller asks again.
    return { kind: 'held', remainingMs: Math.max(row.remaining_ms ?? 0, 1) };
  });
}

function rowOf(sync: SyncRef, chunk: number): string {
  return `"sync" = ${sync.number} AND "chunk" = ${chunk}`;
}

/** Ends a lease that is still this holder's. The chunk stays marked as started. */
export async function releaseChunk(client: SnowflakeClient, sync: SyncRef, chunk: number, holder: string): Promise<void> {
  const tables = tableNames(client.settings, sync.subscriptionId);
  await client.use(errandOf(sync), (session) => session.run(`UPDATE ${tables.chunks} SET "lease_until" = SYSDATE() WHERE ${rowOf(sync, chunk)} AND "holder" = ?`, [holder]));
}

/** Writes down how a chunk ended: only records that did not succeed take a row. Where all did, the chunk's own row says it in one statement. */
export async function finishChunk(
  client: SnowflakeClient,
  sync: SyncRef,
  chunk: number,
  holder: string,
  counts: ChunkCounts,
  outcomes: AsyncIterable<RecordOutcome>,
  atMs?: number,
): Promise<void> {
  const tables = tableNames(client.settings, sync.subscriptionId);
  const written = batches(outcomes);
  const first = await written.next();
  if (first.done === true) {
    await client.use(errandOf(sync), (session) => close(session, tables, sync, chunk, holder, counts, atMs));
    return;
  }
  await client.transaction(errandOf(sync), async (session, undo) => {
    for (let batch: IteratorResult<string, unknown> = first; batch.done !== true; batch = await written.next()) {
      await session.run(
        `INSERT INTO ${tables.outcomes} ("sync", "chunk", "record_id", "outcome", "reason", "code")
         SELECT ${sync.number}, ${chunk}, "v"."VALUE":recordId::VARCHAR, "v"."VALUE":outcome::VARCHAR, "v"."VALUE":reason::VARCHAR, "v"."VALUE":code::VARCHAR
         FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) AS "v"`,
        [batch.value],
      );
    }
    if (!(await close(session, tables, sync, chunk, holder, counts, atMs))) undo();
  });
}

/** Finishes a chunk whose staged records are lost, from the intent alone. */
export async function abandonChunk(client: SnowflakeClient, sync: SyncRef, chunk: number, holder: string, reason: string, atMs?: number): Promise<void> {
  const tables = tableNames(client.settings, sync.subscriptionId);
  const row = await client.use(errandOf(sync), (session) => session.first<{ work: string | null }>(`SELECT "work" FROM ${tables.syncs} WHERE "number" = ${sync.number}`));
  const work = row?.work ?? null;
  if (work === null) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} has nothing to abandon`);
  await client.transaction(errandOf(sync), async (session, undo) => {
    const written = await session.run(
      `INSERT INTO ${tables.outcomes} ("sync", "chunk", "record_id", "outcome", "reason")
       SELECT ${sync.number}, ${chunk}, "record_id", 'ambiguous', ? FROM ${tables.intent(work)} WHERE "chunk" = ${chunk}`,
      [reason],
    );
    const counts = { succeeded: 0, failed: written.changed, notSent: 0 };
    if (!(await close(session, tables, sync, chunk, holder, counts, atMs))) undo();
  });
}

/**
 * Ends the chunk's row, if it is still this holder's: that decides whether what stands before it in the transaction counts, and comes last because INSERT keeps nobody
 * waiting. False when the chunk is finished already, and stays as it is.
 */
async function close(session: Session, tables: TableNames, sync: SyncRef, chunk: number, holder: string, counts: ChunkCounts, atMs: number | undefined): Promise<boolean> {
  const finished = await session.run(
    `UPDATE ${tables.chunks} SET "finished_at" = SYSDATE(), "finished_on" = ?, "lease_until" = NULL, "succeeded" = ${counts.succeeded}, "failed" = ${counts.failed}, "not_sent" = ${counts.notSent}
     WHERE ${rowOf(sync, chunk)} AND "epoch" = ${sync.epoch} AND "holder" = ? AND "finished_at" IS NULL`,
    [usageDay(atMs ?? Date.now()), holder],
  );
  if (finished.changed === 1) return true;
  const row = await session.first<ChunkRow>(`SELECT ${chunkColumns} FROM ${tables.chunks} WHERE ${rowOf(sync, chunk)}`);
  if (row?.epoch !== sync.epoch) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} is no longer open: it was settled or taken over`);
  if (!row.finished) throw new FencedError(`chunk ${chunk} of sync ${sync.subscriptionId}-${sync.number} was taken over by another attempt`);
  return false;
}

const batchCharacters = 4_000_000;

/** Outcomes as JSON arrays of a size that one bind takes well. */
async function* batches(outcomes: AsyncIterable<RecordOutcome>): AsyncGenerator<string> {
  let batch: string[] = [];
  let characters = 0;
  for await (const outcome of outcomes) {
    const text = JSON.stringify(outcome);
    batch.push(text);
    characters += text.length;
    if (characters < batchCharacters) continue;
    yield `[${batch.join(',')}]`;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield `[${batch.join(',')}]`;
}
