import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { chunkCountFor } from '../../domain/chunks.js';
import type { StagedRecord } from '../../domain/staged-record.js';
import { operationsSentBy, syncIdOf } from '../../domain/subscription.js';
import { FencedError } from '../../errors/errors.js';
import { replayableChunks } from '../replayable.js';
import { recordsIn } from '../tally.js';
import type { DiffResult, ReplayRequest, StagedChunk } from '../warehouse.js';
import type { PostgresClient } from './client.js';
import { copyText } from './copy-text.js';
import { createIntent, readDiffResult } from './diff.js';
import { tableNames, type TableNames } from './names.js';
import { updateStateTables } from './tables.js';
import { tally } from './tally.js';

/** What a past sync staged, in the place of a diff and in one transaction as it is. What is not the acknowledged version any more is taken out of the delta again, and counted. */
export async function replaySync(
  client: PostgresClient,
  request: ReplayRequest,
  read: (chunks: readonly StagedChunk[]) => AsyncIterable<readonly StagedRecord[]>,
  signal: AbortSignal,
): Promise<DiffResult> {
  const { sync, subscription, attempt, replayed, chunking } = request;
  const tables = tableNames(client.settings.stateSchema, subscription.id);
  return client.transaction(
    async (connection) => {
      await updateStateTables(connection, tables);
      const earlier = await readDiffResult(connection, tables, sync);
      if (earlier !== null) return earlier;
      const past = await connection.query<{ staged: readonly StagedChunk[] | null }>(`SELECT staged FROM ${tables.syncs} WHERE number = $1 AND finished_at IS NOT NULL`, [replayed]);
      const chunks = replayableChunks(syncIdOf(subscription.id, replayed), past.rows[0]);
      const delta = tables.delta(sync.number, attempt);
      await connection.query(`CREATE UNLOGGED TABLE ${delta} (record_id text COLLATE "C", operation text, checksum bigint, body text)`);
      await copyRecords(connection, delta, read(chunks), signal);
      const superseded = await dropSuperseded(connection, tables, delta);
      const { counts } = await tally(connection, delta);
      const sent = operationsSentBy[subscription.syncMode];
      const toSend = recordsIn(counts, sent);
      const chunkCount = chunkCountFor(toSend, chunking.batchSize, chunking.concurrency);
      await connection.query(createIntent(tables, sync.number, attempt, { sent, chunkCount, limit: null }));
      const registered = await connection.query(
        `UPDATE ${tables.syncs} SET attempt = $3, chunk_count = $4, added = $5, updated = $6, deleted = $7, to_send = $8, columns = '[]', replayed = $9, superseded = $10
         WHERE number = $1 AND epoch = $2 AND attempt IS NULL AND finished_at IS NULL`,
        [sync.number, sync.epoch, attempt, chunkCount, counts.new, counts.updated, counts.deleted, toSend, replayed, superseded],
      );
      if (registered.rowCount === 0) await connection.query(`DROP TABLE ${delta}, ${tables.intent(sync.number, attempt)}`);
      const result = await readDiffResult(connection, tables, sync);
      if (result === null) throw new FencedError(`sync ${syncIdOf(subscription.id, sync.number)} is no longer open, or another attempt has begun it`);
      return result;
    },
    { bulk: true, signal },
  );
}

async function copyRecords(connection: pg.PoolClient, delta: string, records: AsyncIterable<readonly StagedRecord[]>, signal: AbortSignal): Promise<void> {
  const copy = connection.query(copyFrom(`COPY ${delta} (record_id, operation, checksum, body) FROM STDIN`));
  await pipeline(Readable.from(copyRows(records)), copy, { signal });
}

async function* copyRows(batches: AsyncIterable<readonly StagedRecord[]>): AsyncGenerator<string> {
  for await (const batch of batches) {
    yield batch.map((record) => `${copyText(record.recordId)}\t${record.operation}\t${record.version === '' ? '\\N' : record.version}\t${copyText(record.properties)}\n`).join('');
  }
}

/** Returns how many went. */
async function dropSuperseded(connection: pg.PoolClient, tables: TableNames, delta: string): Promise<number> {
  const dropped = await connection.query(`
    DELETE FROM ${delta} WHERE record_id IN (
      SELECT d.record_id FROM ${delta} AS d
      LEFT JOIN ${tables.records} AS known ON known.record_id = d.record_id
      LEFT JOIN ${tables.failures} AS failure ON failure.record_id = d.record_id
      WHERE failure.record_id IS NOT NULL
         OR CASE WHEN d.operation = 'deleted' THEN known.record_id IS NOT NULL ELSE known.checksum IS DISTINCT FROM d.checksum END)`);
  return dropped.rowCount ?? 0;
}
