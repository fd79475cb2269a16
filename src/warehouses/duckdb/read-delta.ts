import { operationsSentBy, syncIdOf, type Subscription } from '../../domain/subscription.js';
import { DeltaLostError } from '../../errors/errors.js';
import { ChunkBlocks } from '../chunk-blocks.js';
import { withExactNumbers } from '../exact-numbers.js';
import type { DeltaBlock, DeltaRequest, ModelColumn, SyncRef } from '../warehouse.js';
import { hasTable, type DuckdbClient } from './client.js';
import { chunkOf, isOneOf } from './delta.js';
import { literal, tableNames, type TableNames } from './names.js';
import { mayHoldDocuments } from './values.js';

/**
 * Step 4 of a sync: the records to send, as events (CONTRACT, "What a destination gets"). The JSON was made by the diff and stands in a table: an error in the middle
 * of a stream ends it without a word, so nothing may be left to compute, and what came is counted.
 */
export async function* readDelta(
  client: DuckdbClient,
  request: DeltaRequest,
  signal: AbortSignal,
): AsyncGenerator<DeltaBlock> {
  const { sync, subscription, batchSize } = request;
  const { stateSchema } = client.settings;
  const tables = tableNames(stateSchema, subscription.id);
  const staged = await client.transaction(async (session) => {
    const [diffed] = await session.rows<StagedSync>(
      `SELECT attempt, to_send, chunk_count, more_to_extract, CAST(columns AS VARCHAR) AS columns FROM ${tables.syncs} WHERE number = $1 AND attempt IS NOT NULL`,
      [sync.number],
    );
    if (diffed === undefined) return null;
    return (await hasTable(session, stateSchema, `d_${subscription.id}_${sync.number}_${diffed.attempt}`)) ? diffed : null;
  });
  if (staged === null) throw new DeltaLostError(`sync ${subscription.id}-${sync.number} has no delta to stage: its table is gone; the next sync finds its records again`);
  if (staged.to_send === 0) return;
  const documents = (JSON.parse(staged.columns) as readonly ModelColumn[]).some(mayHoldDocuments);
  const blocks = new ChunkBlocks({ chunks: staged.chunk_count, batchSize });
  let read = 0;
  const counted = (block: DeltaBlock): DeltaBlock => {
    read += block.ends.length;
    return documents ? withExactNumbers(block) : block;
  };
  for await (const { count, value } of client.stream(recordsOf(tables, sync, subscription, staged), signal)) {
    for (let row = 0; row < count; row++) {
      const full = blocks.addText(value(0, row) as number, value(1, row) as string); // as recordsOf has them
      if (full !== null) yield counted(full);
    }
  }
  for (const block of blocks.end()) yield counted(block);
  if (read !== staged.to_send) {
    throw new DeltaLostError(`sync ${subscription.id}-${sync.number} found ${staged.to_send} records to send but its delta gave ${read}: the table was changed, or reading it broke off; the next sync finds them again`);
  }
}

interface StagedSync {
  readonly attempt: number;
  readonly to_send: number;
  readonly chunk_count: number;
  readonly more_to_extract: boolean;
  readonly columns: string;
}

/** A row for each record: its chunk, and the record `<version><event>`. */
function recordsOf(tables: TableNames, sync: SyncRef, subscription: Subscription, staged: StagedSync): string {
  const messagePrefix = literal(`","messageId":"${syncIdOf(subscription.id, sync.number)}-`);
  const event = `d.checksum, '{"type":"track","event":"', d.operation, ${messagePrefix}, substr(CAST(to_json(d.record_id) AS VARCHAR), 2),
    ',"__segment_id":', CAST(to_json(d.record_id) AS VARCHAR), ',"properties":', d.body, '}'`;
  const delta = tables.delta(sync.number, staged.attempt);
  // Only where something was cut off does the intent know more than the delta.
  return staged.more_to_extract
    ? `SELECT i.chunk, concat(${event}) FROM ${delta} AS d JOIN ${tables.intent(sync.number, staged.attempt)} AS i ON i.record_id = d.record_id WHERE i.chunk IS NOT NULL`
    : `SELECT ${chunkOf('d.record_id', staged.chunk_count)}, concat(${event}) FROM ${delta} AS d WHERE ${isOneOf(operationsSentBy[subscription.syncMode])}`;
}
