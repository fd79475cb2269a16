import { to as copyTo } from 'pg-copy-streams';
import type { Subscription } from '../../domain/subscription.js';
import { syncIdOf } from '../../domain/subscription.js';
import { DeltaLostError } from '../../errors/errors.js';
import type { StagedLines, SyncRef } from '../warehouse.js';
import type { PostgresClient } from './client.js';
import { tableNames } from './names.js';
import { ChunkSplitter } from './chunk-splitter.js';

/**
 * Step 4 of a sync: the records to send, as events (CONTRACT, "What a destination gets"), in one COPY. The JSON was made by the diff and passes through as bytes.
 * Each line is `<chunk>\t<event>`; the CSV settings, whose quote and delimiter JSON never holds raw, keep COPY from escaping anything.
 */
export async function* readDelta(
  client: PostgresClient,
  request: { readonly sync: SyncRef; readonly subscription: Subscription },
  signal: AbortSignal,
): AsyncGenerator<StagedLines> {
  const { sync, subscription } = request;
  const tables = tableNames(client.settings.stateSchema, subscription.id);
  const row = await client.transaction(async (connection) => {
    const found = await connection.query<{ attempt: number; to_send: string }>(`SELECT attempt, to_send FROM ${tables.syncs} WHERE number = $1 AND attempt IS NOT NULL`, [sync.number]);
    const diffed = found.rows[0];
    if (diffed === undefined) return null;
    const delta = await connection.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [tables.delta(sync.number, diffed.attempt)]);
    return delta.rows[0]?.there === true ? diffed : null;
  });
  if (row === null) throw new DeltaLostError(`sync ${subscription.id}-${sync.number} has no delta to stage: its table is gone; the next sync finds its records again`);
  const messagePrefix = JSON.stringify(`${syncIdOf(subscription.id, sync.number)}-`).slice(0, -1);
  const event = `'{"type":"track","event":"' || d.operation || '","messageId":${messagePrefix.replaceAll("'", "''")}' || substr(to_json(d.record_id)::text, 2)
    || ',"__segment_id":' || to_json(d.record_id)::text || ',"properties":' || d.body || '}'`;
  const copy = `
    COPY (
      SELECT i.chunk || E'\\t' || ${event}
      FROM ${tables.delta(sync.number, row.attempt)} AS d JOIN ${tables.intent(sync.number, row.attempt)} AS i ON i.record_id = d.record_id
      WHERE i.chunk IS NOT NULL
    ) TO STDOUT (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')`;
  let read = 0;
  for await (const lines of client.stream(copyTo(copy), new ChunkSplitter(), signal)) {
    read += lines.records;
    yield lines;
  }
  if (read !== Number(row.to_send)) {
    throw new DeltaLostError(
      `sync ${subscription.id}-${sync.number} found ${row.to_send} records to send but its delta holds ${read}: the warehouse crashed or the table was changed; the next sync finds them again`,
    );
  }
}
