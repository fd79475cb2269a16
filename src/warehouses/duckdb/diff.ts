import { chunkCountFor } from '../../domain/chunks.js';
import { operationsSentBy, type Model, type Operation } from '../../domain/subscription.js';
import { FencedError } from '../../errors/errors.js';
import { checkColumns, modelDigest } from '../model-checks.js';
import { resentCondition, type Past } from '../past.js';
import { maxSamples } from '../rejection-rules.js';
import { diffResultOf, type DiffColumns } from '../sync-row.js';
import { recordsIn, type Tally } from '../tally.js';
import type { DiffRequest, DiffResult, ModelColumn, SyncRef } from '../warehouse.js';
import type { DuckdbClient, Session } from './client.js';
import { describe, type DescribedModel } from './columns.js';
import { addVanishedFailures, chunkOf, createDelta, drawOf, isOneOf } from './delta.js';
import { tableNames, type TableNames } from './names.js';
import { readPast } from './past.js';
import { reject } from './rejections.js';
import { tally } from './tally.js';

/** Steps 1 and 2 of a sync, in one transaction: either the delta, the intent and the counts are all there, or nothing is. */
export async function diffModel(client: DuckdbClient, request: DiffRequest, signal: AbortSignal): Promise<DiffResult> {
  const { sync, subscription } = request;
  const tables = tableNames(client.settings.stateSchema, subscription.id);
  return client.transaction(
    async (session) => {
      const earlier = await readDiffResult(session, tables, sync);
      if (earlier !== null) return earlier;
      const described = await describe(session, subscription.model.query);
      checkColumns(subscription.model, described.columns);
      const delta = tables.delta(sync.number, request.attempt);
      const past = await readPast(session, tables, subscription.model, described, request.full);
      await runModel(session, tables, delta, subscription.model, described, past);
      const rejected = await reject(session, tables, delta, sync.number, past.since === null ? past.known : null);
      const { cleared, ...left } = await tally(session, delta);
      const sent: readonly Operation[] = past.baselinePending ? [] : operationsSentBy[subscription.syncMode];
      const limit = client.settings.maxRecordsPerSync;
      const chunkCount = chunkCountFor(Math.min(recordsIn(left, sent), limit), request.chunking.batchSize, request.chunking.concurrency);
      const more = recordsIn(left, operationsSentBy.mirror) > limit;
      const intent = tables.intent(sync.number, request.attempt);
      await session.run(createIntent(intent, delta, sync.number, { sent, chunkCount, rows: more ? limit + cleared : null }));
      // Only a limit makes the intent less than the delta, which has been counted.
      const taken = more ? await tally(session, intent) : left;
      const first = await registerDiff(session, tables, request, { rejected, taken, toSend: recordsIn(taken, sent), chunkCount, more, past, columns: described.columns });
      if (first === undefined) throw new FencedError(`sync ${subscription.id}-${sync.number} is no longer open, or another attempt has diffed it`);
      return diffResultOf(first);
    },
    { bulk: true, signal },
  );
}

/** Makes the delta. */
export async function runModel(session: Session, tables: TableNames, delta: string, model: Model, described: DescribedModel, past: Past): Promise<void> {
  await session.run(createDelta(delta, tables, { model, described, since: past.since, formerChecksum: past.formerChecksum }));
  if (past.failures) await session.run(addVanishedFailures(delta, tables, described));
}

interface IntentPlan {
  readonly sent: readonly Operation[];
  readonly chunkCount: number;
  /** How many rows to take; null takes all. */
  readonly rows: number | null;
}

/** The durable part of the delta. `chunk` is null for what is not sent. Over the limit failures go first, the rest in an order that differs from sync to sync, so that no row starves. */
export function createIntent(intent: string, delta: string, number: number, plan: IntentPlan): string {
  const cut = plan.rows === null ? '' : `ORDER BY operation = 'cleared' DESC, failing DESC, ${drawOf('record_id', number)} LIMIT ${plan.rows}`;
  return `
    CREATE TABLE ${intent} AS
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
 * Writes the counts into the sync's row; undefined when the sync was taken over. The checkpoint that it may move to is the latest time among
 * what changed (whatever did not change lies below it already), never one in the future; it stays where it is when more was rejected than is remembered.
 */
async function registerDiff(session: Session, tables: TableNames, request: DiffRequest, found: Found): Promise<DiffColumns | undefined> {
  const { sync, attempt, subscription } = request;
  const { rejected, taken, toSend, chunkCount, more, past, columns } = found;
  const [registered] = await session.rows<DiffColumns>(
    `UPDATE ${tables.syncs} SET attempt = $3, rejected = $4, chunk_count = $5, more_to_extract = $6, full_diff = $7, model_digest = $8, columns = $9,
       added = $10, updated = $11, deleted = $12, to_send = $13,
       resent_for_columns = changed.resent, checkpoint = CASE WHEN $4 <= ${maxSamples} THEN changed.latest END
     FROM (SELECT count(*) FILTER (operation = 'updated' AND ${resentCondition(past)}) AS resent, max(ts) FILTER (operation IS NOT NULL AND ts <= now()) AS latest
           FROM ${tables.delta(sync.number, attempt)}) AS changed
     WHERE number = $1 AND epoch = $2 AND attempt IS NULL AND finished_at IS NULL
     RETURNING added, updated, deleted, rejected, to_send, chunk_count, more_to_extract`,
    [sync.number, sync.epoch, attempt, rejected, chunkCount, more, past.scope === 'full', modelDigest(subscription.model), JSON.stringify(columns), taken.new, taken.updated, taken.deleted, toSend],
  );
  return registered;
}

export async function readDiffResult(session: Session, tables: TableNames, sync: SyncRef): Promise<DiffResult | null> {
  const [row] = await session.rows<DiffColumns>(
    `SELECT added, updated, deleted, rejected, to_send, chunk_count, more_to_extract FROM ${tables.syncs} WHERE number = $1 AND epoch = $2 AND attempt IS NOT NULL`,
    [sync.number, sync.epoch],
  );
  return row === undefined ? null : diffResultOf(row);
}
