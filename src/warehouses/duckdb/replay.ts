import { chunkCountFor } from '../../domain/chunks.js';
import type { StagedRecord } from '../../domain/staged-record.js';
import { operationsSentBy, syncIdOf } from '../../domain/subscription.js';
import { FencedError } from '../../errors/errors.js';
import { replayableChunks } from '../replayable.js';
import { diffResultOf, type DiffColumns } from '../sync-row.js';
import { recordsIn } from '../tally.js';
import type { DiffResult, ReplayRequest, StagedChunk } from '../warehouse.js';
import type { DuckdbClient, Session } from './client.js';
import { createIntent, readDiffResult } from './diff.js';
import { tableNames, type TableNames } from './names.js';
import { tally } from './tally.js';

/** What a past sync staged, in the place of a diff and in one transaction as it is. What is not the acknowledged version any more is taken out of the delta again, and counted. */
export async function replaySync(
  client: DuckdbClient,
  request: ReplayRequest,
  read: (chunks: readonly StagedChunk[]) => AsyncIterable<readonly StagedRecord[]>,
  signal: AbortSignal,
): Promise<DiffResult> {
  const { sync, subscription, attempt, replayed, chunking } = request;
  const { stateSchema } = client.settings;
  const tables = tableNames(stateSchema, subscription.id);
  return client.transaction(
    async (session) => {
      const earlier = await readDiffResult(session, tables, sync);
      if (earlier !== null) return earlier;
      const chunks = replayableChunks(syncIdOf(subscription.id, replayed), await readStaged(session, tables, replayed));
      const delta = tables.delta(sync.number, attempt);
      await session.run(`CREATE TABLE ${delta} (record_id VARCHAR COLLATE "binary", operation VARCHAR, checksum HUGEINT, body VARCHAR)`);
      for await (const records of read(chunks)) await insert(session, delta, records);
      const superseded = await dropSuperseded(session, tables, delta);
      const counts = await tally(session, delta);
      const sent = operationsSentBy[subscription.syncMode];
      const toSend = recordsIn(counts, sent);
      const chunkCount = chunkCountFor(toSend, chunking.batchSize, chunking.concurrency);
      await session.run(createIntent(tables.intent(sync.number, attempt), delta, sync.number, { sent, chunkCount, rows: null }));
      const [registered] = await session.rows<DiffColumns>(
        `UPDATE ${tables.syncs} SET attempt = $3, chunk_count = $4, added = $5, updated = $6, deleted = $7, to_send = $8, columns = '[]', replayed = $9, superseded = $10
         WHERE number = $1 AND epoch = $2 AND attempt IS NULL AND finished_at IS NULL
         RETURNING added, updated, deleted, rejected, to_send, chunk_count, more_to_extract`,
        [sync.number, sync.epoch, attempt, chunkCount, counts.new, counts.updated, counts.deleted, toSend, replayed, superseded],
      );
      if (registered === undefined) throw new FencedError(`sync ${syncIdOf(subscription.id, sync.number)} is no longer open, or another attempt has begun it`);
      return diffResultOf(registered);
    },
    { bulk: true, signal },
  );
}

async function readStaged(session: Session, tables: TableNames, replayed: number): Promise<{ readonly staged: readonly StagedChunk[] | null } | undefined> {
  const [row] = await session.rows<{ staged: string | null }>(`SELECT CAST(staged AS VARCHAR) AS staged FROM ${tables.syncs} WHERE number = $1 AND finished_at IS NOT NULL`, [replayed]);
  return row === undefined ? undefined : { staged: row.staged === null ? null : (JSON.parse(row.staged) as readonly StagedChunk[]) };
}

async function insert(session: Session, delta: string, records: readonly StagedRecord[]): Promise<void> {
  const rows = records.map(({ recordId, operation, version, properties }) => ({ recordId, operation, version: version === '' ? null : version, properties }));
  await session.run(
    `INSERT INTO ${delta} SELECT staged.recordId, staged.operation, CAST(staged.version AS HUGEINT), staged.properties
     FROM (SELECT unnest(from_json($1, '[{"recordId":"VARCHAR","operation":"VARCHAR","version":"VARCHAR","properties":"VARCHAR"}]')) AS staged)`,
    [JSON.stringify(rows)],
  );
}

/** Returns how many went. */
async function dropSuperseded(session: Session, tables: TableNames, delta: string): Promise<number> {
  return session.run(`
    DELETE FROM ${delta} WHERE record_id IN (
      SELECT d.record_id FROM ${delta} AS d
      LEFT JOIN ${tables.records} AS known ON known.record_id = d.record_id
      LEFT JOIN ${tables.failures} AS failure ON failure.record_id = d.record_id
      WHERE failure.record_id IS NOT NULL
         OR CASE WHEN d.operation = 'deleted' THEN known.record_id IS NOT NULL ELSE known.checksum IS DISTINCT FROM d.checksum END)`);
}
