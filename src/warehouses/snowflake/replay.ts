import { randomBytes } from 'node:crypto';
import { chunkCountFor } from '../../domain/chunks.js';
import type { StagedRecord } from '../../domain/staged-record.js';
import { operationsSentBy, syncIdOf } from '../../domain/subscription.js';
import { FencedError } from '../../errors/errors.js';
import { replayableChunks } from '../replayable.js';
import { recordsIn, type Tally } from '../tally.js';
import type { DiffResult, ReplayRequest, StagedChunk } from '../warehouse.js';
import type { SnowflakeClient } from './client.js';
import { countIntent, createIntent, dropUnregistered } from './diff.js';
import { tableNames, type TableNames } from './names.js';
import { readDiffResult } from './past.js';
import type { Session } from './session.js';

/**
 * What a past sync staged, in the place of a diff: as there, the tables are made first and count once the sync's row says so. What is not the acknowledged version any more
 * is taken out of the delta again, and counted.
 */
export async function replaySync(
  client: SnowflakeClient,
  request: ReplayRequest,
  read: (chunks: readonly StagedChunk[]) => AsyncIterable<readonly StagedRecord[]>,
  signal: AbortSignal,
): Promise<DiffResult> {
  const { sync, subscription, attempt, replayed } = request;
  const tables = tableNames(client.settings, subscription.id);
  const quick = { subscription: subscription.id, sync: sync.number };
  const earlier = await client.use({ ...quick, signal }, (session) => readDiffResult(session, tables, sync));
  if (earlier !== null) return earlier;
  const past = await client.use({ ...quick, signal }, (session) => session.first<{ staged: string | null }>(`SELECT "staged" FROM ${tables.syncs} WHERE "number" = ${replayed} AND "finished_at" IS NOT NULL`));
  const chunks = replayableChunks(syncIdOf(subscription.id, replayed), past && { staged: past.staged === null ? null : (JSON.parse(past.staged) as readonly StagedChunk[]) });
  const work = `${sync.number}_${attempt}_${randomBytes(4).toString('hex')}`;
  let won = false;
  try {
    const found = await client.use({ ...quick, bulk: true, signal }, (session) => makeWorkTables(session, tables, request, read(chunks), work));
    won = await client.use({ ...quick, signal }, (session) => register(session, tables, request, found, work));
    const result = await client.use({ ...quick, signal }, (session) => readDiffResult(session, tables, sync));
    if (result === null) throw new FencedError(`sync ${syncIdOf(subscription.id, sync.number)} is no longer open, or another attempt has begun it`);
    return result;
  } finally {
    if (!won) await dropUnregistered(client, quick, tables, sync.number, work);
  }
}

interface Found {
  readonly superseded: number;
  readonly taken: Tally;
  readonly toSend: number;
  readonly chunkCount: number;
}

async function makeWorkTables(session: Session, tables: TableNames, request: ReplayRequest, records: AsyncIterable<readonly StagedRecord[]>, work: string): Promise<Found> {
  const { subscription, chunking } = request;
  const delta = tables.delta(work);
  await session.run(`CREATE TRANSIENT TABLE ${delta} ("record_id" VARCHAR, "operation" VARCHAR, "checksum" VARCHAR, "body" VARCHAR)`);
  for await (const batch of records) {
    await session.run(
      `INSERT INTO ${delta} ("record_id", "operation", "checksum", "body")
       SELECT "v"."VALUE":recordId::VARCHAR, "v"."VALUE":operation::VARCHAR, NULLIF("v"."VALUE":version::VARCHAR, ''), "v"."VALUE":properties::VARCHAR FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) AS "v"`,
      [JSON.stringify(batch)],
    );
  }
  const superseded = await dropSuperseded(session, tables, delta);
  const taken = await countIntent(session, delta);
  const sent = operationsSentBy[subscription.syncMode];
  const toSend = recordsIn(taken, sent);
  const chunkCount = chunkCountFor(toSend, chunking.batchSize, chunking.concurrency);
  await session.run(createIntent(tables, work, { sent, chunkCount, cut: '' }));
  return { superseded, taken, toSend, chunkCount };
}

/** Returns how many went. */
async function dropSuperseded(session: Session, tables: TableNames, delta: string): Promise<number> {
  const dropped = await session.run(`
    DELETE FROM ${delta} WHERE "record_id" IN (
      SELECT "d"."record_id" FROM ${delta} AS "d"
      LEFT JOIN ${tables.records} AS "known" ON "known"."record_id" = "d"."record_id"
      LEFT JOIN ${tables.failures} AS "failure" ON "failure"."record_id" = "d"."record_id"
      WHERE "failure"."record_id" IS NOT NULL
         OR IFF("d"."operation" = 'deleted', "known"."record_id" IS NOT NULL, NOT EQUAL_NULL("known"."checksum", "d"."checksum")))`);
  return dropped.changed;
}

/** False when the sync was taken over or another attempt was first. */
async function register(session: Session, tables: TableNames, { sync, attempt, replayed }: ReplayRequest, found: Found, work: string): Promise<boolean> {
  const { taken, toSend, chunkCount, superseded } = found;
  const registered = await session.run(
    `UPDATE ${tables.syncs} SET "attempt" = ${attempt}, "work" = ?, "chunk_count" = ${chunkCount}, "added" = ${taken.new}, "updated" = ${taken.updated}, "deleted" = ${taken.deleted}, "to_send" = ${toSend},
       "columns" = '[]', "replayed" = ${replayed}, "superseded" = ${superseded}
     WHERE "number" = ${sync.number} AND "epoch" = ${sync.epoch} AND "attempt" IS NULL AND "finished_at" IS NULL`,
    [work],
  );
  return registered.changed === 1;
}
