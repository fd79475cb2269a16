import { to as copyTo } from 'pg-copy-streams';
import { operationsSentBy, syncIdOf, type Subscription } from '../../domain/subscription.js';
import { DeltaLostError } from '../../errors/errors.js';
import { withExactNumbers } from '../exact-numbers.js';
import type { DeltaBlock, DeltaRequest, ModelColumn, SyncRef } from '../warehouse.js';
import type { PostgresClient } from './client.js';
import { mayHoldNumbers } from './columns.js';
import { CopiedRows } from './copied-rows.js';
import { chunkOf, isOneOf } from './delta.js';
import { literal, tableNames, type TableNames } from './names.js';
import { bodyOf, type Payload } from './payload.js';

/**
 * Step 4 of a sync: the records to send, as events (CONTRACT, "What a destination gets"), in one COPY. The JSON is made by the warehouse, here or by the diff, and passes through as bytes, but for numbers inside lists and objects.
 * Each row is its chunk and the record `<version><event>`.
 */
export async function* readDelta(
  client: PostgresClient,
  request: DeltaRequest,
  signal: AbortSignal,
): AsyncGenerator<DeltaBlock> {
  const { sync, subscription, batchSize } = request;
  const tables = tableNames(client.settings.stateSchema, subscription.id);
  const row = await client.transaction(async (connection) => {
    const synced = await connection.query<StagedSync>(`SELECT attempt, to_send, chunk_count, more_to_extract, columns FROM ${tables.syncs} WHERE number = $1 AND attempt IS NOT NULL`, [sync.number]);
    const diffed = synced.rows[0];
    if (diffed === undefined) return null;
    const delta = await connection.query<{ there: boolean; payload: Payload }>(
      `SELECT to_regclass($1) IS NOT NULL AS there, CASE WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'body') THEN 'text' ELSE 'columns' END AS payload`,
      [tables.delta(sync.number, diffed.attempt)],
    );
    const found = delta.rows[0];
    return found?.there === true ? { ...diffed, payload: found.payload } : null;
  });
  if (row === null) throw new DeltaLostError(`sync ${subscription.id}-${sync.number} has no delta to stage: its table is gone; the next sync finds its records again`);
  if (Number(row.to_send) === 0) return;
  const copy = `COPY (${eventsOf(tables, sync, subscription, row)}) TO STDOUT (FORMAT binary)`;
  const inexact = row.columns.some(mayHoldNumbers);
  let read = 0;
  for await (const block of client.stream(copyTo(copy), new CopiedRows({ chunks: row.chunk_count, batchSize }), signal)) {
    read += block.ends.length;
    yield inexact ? withExactNumbers(block) : block;
  }
  if (read !== Number(row.to_send)) {
    throw new DeltaLostError(
      `sync ${subscription.id}-${sync.number} found ${row.to_send} records to send but its delta holds ${read}: the warehouse crashed or the table was changed; the next sync finds them again`,
    );
  }
}

interface StagedSync {
  readonly attempt: number;
  readonly to_send: string;
  readonly chunk_count: number;
  readonly more_to_extract: boolean;
  readonly columns: readonly ModelColumn[];
}

const needsNoEscape = new Set(['smallint', 'integer', 'bigint', 'uuid']);

/** SQL for the record id as a JSON string, without the quote that opens it. Escaping is a tenth of an event's cost, and digits need none. */
function recordIdJson(identifier: string, columns: readonly ModelColumn[]): string {
  const type = columns.find(({ name }) => name === identifier)?.type ?? '';
  return needsNoEscape.has(type) ? `d.record_id || '"'` : 'substr(to_json(d.record_id)::text, 2)';
}

function eventsOf(tables: TableNames, sync: SyncRef, subscription: Subscription, staged: StagedSync & { readonly payload: Payload }): string {
  const messagePrefix = literal(`","messageId":${JSON.stringify(`${syncIdOf(subscription.id, sync.number)}-`).slice(0, -1)}`);
  const id = recordIdJson(subscription.model.identifier, staged.columns);
  const event = `coalesce(d.checksum::text, '') || '{"type":"track","event":"' || d.operation || ${messagePrefix} || ${id}
    || ',"__segment_id":"' || ${id} || ',"properties":' || ${bodyOf(staged.payload, staged.columns, 'd')} || '}'`;
  const delta = tables.delta(sync.number, staged.attempt);
  // Only where something was cut off does the intent know more than the delta.
  return staged.more_to_extract
    ? `SELECT i.chunk, ${event} FROM ${delta} AS d JOIN ${tables.intent(sync.number, staged.attempt)} AS i ON i.record_id = d.record_id WHERE i.chunk IS NOT NULL`
    : `SELECT ${chunkOf('d.record_id', staged.chunk_count)}, ${event} FROM ${delta} AS d WHERE ${isOneOf(operationsSentBy[subscription.syncMode])}`;
}
