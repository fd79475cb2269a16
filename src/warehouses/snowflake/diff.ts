import { randomBytes } from 'node:crypto';
import { chunkCountFor } from '../../domain/chunks.js';
import { operationsSentBy, type Operation } from '../../domain/subscription.js';
import { FencedError } from '../../errors/errors.js';
import { checkColumns, modelDigest } from '../model-checks.js';
import type { Past } from '../past.js';
import { maxSamples } from '../rejection-rules.js';
import { diffResultOf } from '../sync-row.js';
import { recordsIn, type Tally } from '../tally.js';
import type { DiffRequest, DiffResult, ModelColumn } from '../warehouse.js';
import type { Errand, SnowflakeClient } from './client.js';
import { describeModel } from './columns.js';
import { chunkOf, deltaQuery, isOneOf, rotation, vanishedFailures } from './delta.js';
import { literal, tableNames, type TableNames } from './names.js';
import { readDiffResult, readPast } from './past.js';
import { rejectsQuery, withoutRejects } from './rejections.js';
import type { Session } from './session.js';
import { tallyDelta, type DeltaTally } from './tally.js';

/**
 * Steps 1 and 2 of a sync. The tables are made first, under names that only this try knows, and count for nothing until one UPDATE of the sync's row says so:
 * the first try whose update finds the row untouched wins, and whoever loses or fails drops what it made.
 */
export async function diffModel(client: SnowflakeClient, request: DiffRequest, signal: AbortSignal): Promise<DiffResult> {
  const { sync, subscription } = request;
  const tables = tableNames(client.settings, subscription.id);
  const quick: Errand = { subscription: subscription.id, sync: sync.number };
  const earlier = await client.use({ ...quick, signal }, (session) => readDiffResult(session, tables, sync));
  if (earlier !== null) return earlier;
  const columns = await describeModel(client, subscription.model.query);
  checkColumns(subscription.model, columns);
  const work = `${sync.number}_${request.attempt}_${randomBytes(4).toString('hex')}`;
  let won = false;
  try {
    const found = await client.use({ ...quick, bulk: true, signal }, (session) => makeWorkTables(session, client, tables, request, columns, work));
    won = await client[found.samples === 'none' ? 'use' : 'transaction']({ ...quick, signal }, (session) => registerDiff(session, tables, request, found, columns, work));
    if (won) return resultOf(found);
    const result = await client.use({ ...quick, signal }, (session) => readDiffResult(session, tables, sync));
    if (result === null) throw new FencedError(`sync ${subscription.id}-${sync.number} is no longer open, or another attempt has diffed it`);
    return result;
  } finally {
    // A registration whose answer was lost may have counted: then the tables stay, and whoever asks again finds its result.
    if (!won) await dropUnregistered(client, quick, tables, sync.number, work);
  }
}

function resultOf({ rejected, taken, toSend, chunkCount, more }: Found): DiffResult {
  const { new: added, updated, deleted } = taken;
  return diffResultOf({ added, updated, deleted, rejected, to_send: toSend, chunk_count: chunkCount, more_to_extract: more });
}

/** Drops what a try made that didn't count. */
export async function dropUnregistered(client: SnowflakeClient, quick: Errand, tables: TableNames, number: number, work: string): Promise<void> {
  await client
    .use(quick, async (session) => {
      const registered = await session.first(`SELECT 1 AS "one" FROM ${tables.syncs} WHERE "number" = ${number} AND "work" = ${literal(work)}`);
      if (registered !== undefined) return;
      for (const table of [tables.delta(work), tables.intent(work), tables.rejects(work)]) await session.run(`DROP TABLE IF EXISTS ${table}`);
    })
    .catch(() => undefined); // settling sweeps what stays
}

interface Found {
  readonly rejected: number;
  /** Whether there are samples of what was rejected to keep, or old ones to remove. */
  readonly samples: 'none' | 'clear' | 'replace';
  readonly left: DeltaTally;
  readonly taken: Tally;
  readonly toSend: number;
  readonly chunkCount: number;
  readonly more: boolean;
  readonly past: Past;
  /** What names its tables; null where there are none. */
  readonly work: string | null;
}

async function makeWorkTables(session: Session, client: SnowflakeClient, tables: TableNames, request: DiffRequest, columns: readonly ModelColumn[], work: string): Promise<Found> {
  const { sync, subscription, chunking } = request;
  const delta = tables.delta(work);
  const { past, rejections } = await readPast(session, tables, subscription.model, columns, request.full);
  const first = await makeDelta(session, tables, request, columns, past, delta);
  const rejected = first.suspects ? await reject(session, tables, delta, work) : 0;
  const left = rejected === 0 ? first : await tallyDelta(session, delta, past);
  const sent: readonly Operation[] = past.baselinePending ? [] : operationsSentBy[subscription.syncMode];
  const limit = client.settings.maxRecordsPerSync;
  const chunkCount = chunkCountFor(Math.min(recordsIn(left.counts, sent), limit), chunking.batchSize, chunking.concurrency);
  const more = recordsIn(left.counts, operationsSentBy.mirror) > limit;
  // Where nothing changed, nothing has to be remembered for the settlement, nor staged.
  const empty = recordsIn(left.counts, operationsSentBy.mirror) + left.cleared === 0;
  if (empty) await session.run(`DROP TABLE ${delta}`);
  // Over the limit failures go first, the rest in an order that differs from sync to sync, so that no row starves.
  const cut = more ? `ORDER BY "operation" = 'cleared' DESC, "failing" DESC, ${rotation('"record_id"', sync.number)} LIMIT ${limit + left.cleared}` : '';
  if (!empty) await session.run(createIntent(tables, work, { sent, chunkCount, cut }));
  const taken = more ? await countIntent(session, tables.intent(work)) : left.counts;
  const samples = rejected > 0 ? 'replace' : rejections ? 'clear' : 'none';
  return { rejected, samples, left, taken, toSend: recordsIn(taken, sent), chunkCount, more, past, work: empty ? null : work };
}

/** The durable part of the delta. `chunk` is null for what is not sent. */
export function createIntent(tables: TableNames, work: string, plan: { readonly sent: readonly Operation[]; readonly chunkCount: number; readonly cut: string }): string {
  return `
    CREATE TABLE ${tables.intent(work)} AS
    SELECT "record_id", "operation", "checksum", IFF(${isOneOf(plan.sent)}, ${chunkOf('"record_id"', plan.chunkCount)}, NULL) AS "chunk"
    FROM ${tables.delta(work)} WHERE "operation" IN ('new', 'updated', 'deleted', 'cleared') ${plan.cut}`;
}

/** Makes the delta, with every identifier that occurs more than once, among unchanged rows too. */
async function makeDelta(session: Session, tables: TableNames, request: DiffRequest, columns: readonly ModelColumn[], past: Past, delta: string): Promise<DeltaTally> {
  const { since, formerChecksum, failures, known } = past;
  const plan = { model: request.subscription.model, columns, since, formerChecksum, failures, known: known > 0 };
  // Transient: losing it only means diffing again, so days of history for it would be paid for nothing.
  await session.run(`CREATE OR REPLACE TRANSIENT TABLE ${delta} AS ${deltaQuery(tables, plan)}`);
  if (failures) await session.run(`INSERT INTO ${delta} ${vanishedFailures(delta, tables, columns)}`);
  return tallyDelta(session, delta, past);
}

/** Returns how many of the model's rows were rejected. */
async function reject(session: Session, tables: TableNames, delta: string, work: string): Promise<number> {
  await session.run(`CREATE TRANSIENT TABLE ${tables.rejects(work)} AS ${rejectsQuery(delta)}`);
  const row = await session.first<{ rejected: number | null }>(`SELECT SUM("records") AS "rejected" FROM ${tables.rejects(work)}`);
  const rejected = row?.rejected ?? 0;
  if (rejected > 0) await session.run(withoutRejects(delta, tables.rejects(work)));
  return rejected;
}

export async function countIntent(session: Session, intent: string): Promise<Tally> {
  const row = await session.first<Tally>(
    `SELECT COUNT_IF("operation" = 'new') AS "new", COUNT_IF("operation" = 'updated') AS "updated", COUNT_IF("operation" = 'deleted') AS "deleted" FROM ${intent}`,
  );
  return row ?? { new: 0, updated: 0, deleted: 0 };
}

/**
 * Writes the counts into the sync's row; returns false when the sync was taken over or another attempt was first. The checkpoint that it may move to is the latest time among
 * what changed (whatever did not change lies below it already), never one in the future; it stays where it is when more was rejected than is remembered.
 */
async function registerDiff(session: Session, tables: TableNames, request: DiffRequest, found: Found, columns: readonly ModelColumn[], work: string): Promise<boolean> {
  const { sync, attempt, subscription } = request;
  const { rejected, samples, left, taken, toSend, chunkCount, more, past } = found;
  const checkpoint = rejected <= maxSamples && left.latest !== null ? `CAST(${literal(left.latest)} AS TIMESTAMP_NTZ)` : 'NULL';
  const registered = await session.run(
    `UPDATE ${tables.syncs} SET "attempt" = ${attempt}, "work" = ?, "rejected" = ${rejected}, "chunk_count" = ${chunkCount}, "more_to_extract" = ${more ? 'TRUE' : 'FALSE'}, "full_diff" = ${past.scope === 'full' ? 'TRUE' : 'FALSE'},
       "model_digest" = ?, "columns" = ?, "added" = ${taken.new}, "updated" = ${taken.updated}, "deleted" = ${taken.deleted}, "to_send" = ${toSend}, "resent_for_columns" = ${left.resent},
       "checkpoint" = ${checkpoint}
     WHERE "number" = ${sync.number} AND "epoch" = ${sync.epoch} AND "attempt" IS NULL AND "finished_at" IS NULL`,
    [found.work, modelDigest(subscription.model), JSON.stringify(columns)],
  );
  if (registered.changed !== 1) return false;
  if (samples !== 'none') await session.run(`DELETE FROM ${tables.rejections}`);
  if (samples === 'replace') {
    await session.run(`INSERT INTO ${tables.rejections} SELECT ${sync.number}, "record_id", "records", "reason" FROM ${tables.rejects(work)} LIMIT ${maxSamples}`);
  }
  return true;
}
