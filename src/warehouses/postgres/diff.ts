import type pg from 'pg';
import { chunkCountFor } from '../../domain/chunks.js';
import { operationsSentBy, type Model, type Operation } from '../../domain/subscription.js';
import { FencedError } from '../../errors/errors.js';
import { modelDigest } from '../model-checks.js';
import { maxSamples } from '../rejection-rules.js';
import { resentCondition, type Past } from '../past.js';
import { diffResultOf, type DiffColumns } from '../sync-row.js';
import { recordsIn, type Tally } from '../tally.js';
import type { DiffRequest, DiffResult, ModelColumn, SyncRef } from '../warehouse.js';
import { checkedColumns } from './columns.js';
import type { PostgresClient } from './client.js';
import { addVanishedFailures, chunkOf, createDelta, isOneOf, nameUnchangedDuplicates, type Delta } from './delta.js';
import { tableNames, type TableNames } from './names.js';
import { readPast } from './past.js';
import { payloadOf } from './payload.js';
import { reject } from './rejections.js';
import { tally } from './tally.js';

/**
 * Steps 1 and 2 of a sync, in one transaction: either the delta, the intent and the counts are all there, or nothing is.
 * The delta (ids, operations, checksums, JSON) is unlogged, because losing it only means diffing again; the intent is logged.
 */
export async function diffModel(client: PostgresClient, request: DiffRequest, signal: AbortSignal): Promise<DiffResult> {
  const { sync, subscription } = request;
  const tables = tableNames(client.settings.stateSchema, subscription.id);
  const earlier = await client.transaction((connection) => readDiffResult(connection, tables, sync));
  if (earlier !== null) return earlier;

  return client.transaction(
    async (connection) => {
      const columns = await checkedColumns(connection, client.source, subscription.model);
      const past = await readPast(connection, tables, subscription.model, columns, request.full);
      const delta = await runModel(connection, tables, tables.delta(sync.number, request.attempt), subscription.model, columns, past);
      const { rejected, left } = await reject(connection, tables, delta, sync.number);
      const sent: readonly Operation[] = past.baselinePending ? [] : operationsSentBy[subscription.syncMode];
      const limit = client.settings.maxRecordsPerSync;
      const chunkCount = chunkCountFor(Math.min(recordsIn(left, sent), limit), request.chunking.batchSize, request.chunking.concurrency);
      const more = recordsIn(left, operationsSentBy.mirror) > limit;
      const intent = tables.intent(sync.number, request.attempt);
      await connection.query(createIntent(tables, sync.number, request.attempt, { sent, chunkCount, limit: more ? limit : null }));
      // Only a limit makes the intent less than the delta, which has been counted.
      const taken = more ? (await tally(connection, intent)).counts : left;
      const first = await registerDiff(connection, tables, request, { rejected, taken, toSend: recordsIn(taken, sent), chunkCount, more, past, columns });
      if (!first) await connection.query(`DROP TABLE ${delta.table}, ${intent}`);
      const result = await readDiffResult(connection, tables, sync);
      if (result === null) throw new FencedError(`sync ${subscription.id}-${sync.number} is no longer open, or another attempt has diffed it`);
      return result;
    },
    { bulk: true, signal },
  );
}

/** Checksums of unchanged records that a diff gathers, 8 bytes each: about what its hash join may take. */
const mostGathered = 32_000_000;

/** Makes the delta, with every duplicate in it: also those among unchanged rows, which a count betrays. The model runs once. */
export async function runModel(connection: pg.PoolClient, tables: TableNames, table: string, model: Model, columns: readonly ModelColumn[], past: Past): Promise<Delta> {
  const search = past.known === 0 ? 'none' : past.since !== null || past.known > mostGathered ? 'group' : 'count';
  const delta = { table, columns, payload: payloadOf(search === 'none', columns) };
  await connection.query(createDelta(delta, tables, { model, search, ...past }));
  if (search === 'count' && (await hasUnchangedGroups(connection, table))) await connection.query(nameUnchangedDuplicates(delta, tables));
  if (past.failures) await connection.query(addVanishedFailures(delta, tables));
  return delta;
}

async function hasUnchangedGroups(connection: pg.PoolClient, delta: string): Promise<boolean> {
  const found = await connection.query(`SELECT FROM ${delta} WHERE unchanged IS NOT NULL LIMIT 1`);
  return found.rowCount === 1;
}

interface IntentPlan {
  readonly sent: readonly Operation[];
  readonly chunkCount: number;
  readonly limit: number | null;
}

/** The durable part of the delta. `chunk` is null for what is not sent. Over the limit failures go first, the rest in an order that differs from sync to sync, so that no row starves. */
export function createIntent(tables: TableNames, number: number, attempt: number, plan: IntentPlan): string {
  const delta = tables.delta(number, attempt);
  const cut = plan.limit === null ? '' : `ORDER BY operation = 'cleared' DESC, failing DESC, hashtextextended(record_id, ${number}) LIMIT ${plan.limit} + (SELECT count(*) FROM ${delta} WHERE operation = 'cleared')`;
  return `
    CREATE TABLE ${tables.intent(number, attempt)} AS
    SELECT record_id, operation, checksum, CASE WHEN ${isOneOf(plan.sent)} THEN ${chunkOf('record_id', plan.chunkCount)} END AS chunk
    FROM ${delta} WHERE operation IN ('new', 'updated', 'deleted', 'cleared') ${cut}`;
}

interface Found {
  readonly rejected: number;
  readonly taken: Tally;
  readonly toSend: number;
  readonly chunkCount: number;
  readonly more: boolean;
  readonly past: Past;
  readonly columns: readonly ModelColumn[];
}

/**
 * Writes the counts into the sync's row; returns false when the sync was taken over or another attempt was first. The checkpoint that it may move to is the latest time among
 * what changed (whatever did not change lies below it already), never one in the future; it stays where it is when more was rejected than is remembered.
 */
async function registerDiff(connection: pg.PoolClient, tables: TableNames, request: DiffRequest, found: Found): Promise<boolean> {
  const { sync, attempt, subscription } = request;
  const { rejected, taken, toSend, chunkCount, more, past, columns } = found;
  // Only a timestamp or changed columns give a reason to read the delta once more: on a first sync it is as large as the model.
  const delta = subscription.model.timestamp !== null || past.columnsChanged ? tables.delta(sync.number, attempt) : null;
  const changed = `count(*) FILTER (WHERE operation = 'updated' AND ${resentCondition(past)}) AS resent, max(ts) FILTER (WHERE ts <= now()) AS latest FROM ${delta ?? ''}`;
  const registered = await connection.query(
    `UPDATE ${tables.syncs} SET attempt = $3, rejected = $4::bigint, chunk_count = $5, more_to_extract = $6, full_diff = $7, model_digest = $8, columns = $9,
       added = $10, updated = $11, deleted = $12, to_send = $13,
       resent_for_columns = changed.resent, checkpoint = CASE WHEN $4::bigint <= ${maxSamples} THEN changed.latest END
     FROM (SELECT ${delta === null ? '0 AS resent, NULL::timestamptz AS latest' : changed}) AS changed
     WHERE number = $1 AND epoch = $2 AND attempt IS NULL AND finished_at IS NULL`,
    [sync.number, sync.epoch, attempt, rejected, chunkCount, more, past.scope === 'full', modelDigest(subscription.model), JSON.stringify(columns), taken.new, taken.updated, taken.deleted, toSend],
  );
  return registered.rowCount === 1;
}

export async function readDiffResult(connection: pg.PoolClient, tables: TableNames, sync: SyncRef): Promise<DiffResult | null> {
  const found = await connection.query<DiffColumns>(
    `SELECT added, updated, deleted, rejected, to_send, chunk_count, more_to_extract FROM ${tables.syncs} WHERE number = $1 AND epoch = $2 AND attempt IS NOT NULL`,
    [sync.number, sync.epoch],
  );
  const row = found.rows[0];
  return row === undefined ? null : diffResultOf(row);
}
