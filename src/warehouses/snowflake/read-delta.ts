import { operationsSentBy, syncIdOf, type Subscription } from '../../domain/subscription.js';
import { DeltaLostError } from '../../errors/errors.js';
import { ChunkBlocks, type BlockShape } from '../chunk-blocks.js';
import { collectGarbage, StreamGarbage } from '../garbage.js';
import { withExactNumbers } from '../exact-numbers.js';
import type { DeltaBlock, DeltaRequest, ModelColumn, SyncRef } from '../warehouse.js';
import { errandOf, type SnowflakeClient } from './client.js';
import { jsonText, mayHoldNumbers } from './columns.js';
import { chunkOf, isOneOf } from './delta.js';
import { isMissing } from './errors.js';
import { literal, tableNames, type TableNames } from './names.js';
import { sweepUnloaded, unloadedBlocks, unloadFolder } from './unload.js';

/**
 * From this many records on, they are unloaded where there is a stage for it. Fewer are two or three of the driver's parts: they are there before Snowflake has written
 * files, which have to be listed, asked for and removed one by one. What unloading saves is the worker's work for each record, and that grows with their number.
 */
const largeDelta = 100_000;

/**
 * Step 4 of a sync: the records to send, as events (CONTRACT, "What a destination gets"), as a result of one text column, or as files of it in a stage. The JSON was made by the diff and passes through
 * as it is, but for numbers that a double can't hold. Each row is `<chunk>\t<version><event>`.
 */
export async function* readDelta(client: SnowflakeClient, request: DeltaRequest, signal: AbortSignal, unloadFrom = largeDelta): AsyncGenerator<DeltaBlock> {
  const { sync, subscription, batchSize } = request;
  const tables = tableNames(client.settings, subscription.id);
  const row = await client.use({ ...errandOf(sync), signal }, async (session) => {
    return session.first<StagedSync>(
      `SELECT "work", "to_send", "chunk_count", "more_to_extract", "columns" FROM ${tables.syncs} WHERE "number" = ${sync.number} AND "attempt" IS NOT NULL`,
    );
  });
  const lost = new DeltaLostError(`sync ${subscription.id}-${sync.number} has no delta to stage: its table is gone; the next sync finds its records again`);
  if (row === undefined) throw lost;
  if (row.to_send === 0) return;
  const inexact = (JSON.parse(row.columns) as readonly ModelColumn[]).some(mayHoldNumbers);
  const errand = { ...errandOf(sync), bulk: true, signal };
  const query = eventsOf(tables, sync, subscription, row);
  const { unload } = client.settings;
  const shape = { chunks: row.chunk_count, batchSize };
  if (unload !== null) await sweepUnloaded(client, unload, subscription.id);
  const unloads = unload !== null && row.to_send >= unloadFrom;
  const blocks = unloads ? unloadedBlocks(client, unload, { errand, folder: unloadFolder(client.settings, subscription.id), query, shape }) : split(client.stream(errand, query), shape);
  let read = 0;
  try {
    for await (const block of blocks) {
      read += block.ends.length;
      yield inexact ? withExactNumbers(block) : block;
    }
  } catch (error) {
    // Where it is unloaded, the stage may be what is missing; the error says which.
    throw isMissing(error) && !unloads ? lost : error;
  }
  if (read !== row.to_send) {
    throw new DeltaLostError(`sync ${subscription.id}-${sync.number} found ${row.to_send} records to send but its delta holds ${read}: the table was changed; the next sync finds them again`);
  }
}

interface StagedSync {
  readonly work: string;
  readonly to_send: number;
  readonly chunk_count: number;
  readonly more_to_extract: boolean;
  readonly columns: string;
}

async function* split(rows: AsyncIterable<string>, shape: BlockShape): AsyncGenerator<DeltaBlock> {
  const blocks = new ChunkBlocks(shape);
  const garbage = new StreamGarbage();
  for await (const row of rows) {
    if (garbage.isDue(1)) await collectGarbage();
    const tab = row.indexOf('\t');
    const full = blocks.addText(Number(row.slice(0, tab)), row.slice(tab + 1));
    if (full !== null) yield full;
  }
  yield* blocks.end();
}

function eventsOf(tables: TableNames, sync: SyncRef, subscription: Subscription, staged: StagedSync): string {
  const messagePrefix = literal(`","messageId":${JSON.stringify(`${syncIdOf(subscription.id, sync.number)}-`).slice(0, -1)}`);
  const event = `IFNULL("d"."checksum", '') || '{"type":"track","event":"' || "d"."operation" || ${messagePrefix} || SUBSTR(${jsonText('"d"."record_id"')}, 2)
    || ',"__segment_id":' || ${jsonText('"d"."record_id"')} || ',"properties":' || "d"."body" || '}'`;
  const delta = tables.delta(staged.work);
  // Only where something was cut off does the intent know more than the delta.
  return staged.more_to_extract
    ? `SELECT TO_VARCHAR("i"."chunk") || '\\t' || ${event} AS "record" FROM ${delta} AS "d" JOIN ${tables.intent(staged.work)} AS "i" ON "i"."record_id" = "d"."record_id" WHERE "i"."chunk" IS NOT NULL`
    : `SELECT TO_VARCHAR(${chunkOf('"d"."record_id"', staged.chunk_count)}) || '\\t' || ${event} AS "record" FROM ${delta} AS "d" WHERE ${isOneOf(operationsSentBy[subscription.syncMode])}`;
}
