import { Context } from '@temporalio/activity';
import { usageReport } from '../src/contract/quota.js';
import type { EarlyEnd, SyncResult } from '../src/domain/sync.js';
import { FencedError, LeaseHeldError, StagingLostError } from '../src/errors/errors.js';
import type { SyncRef, UnfinishedChunk, Warehouse } from '../src/warehouses/warehouse.js';
import type { ActivityDependencies } from './dependencies.js';
import { countChunk, summarize, unsuccessfulRecords } from './outcomes.js';
import { serverClock } from './server-clock.js';
import { withHeartbeat } from './step.js';
import { tellLedger } from './tell-ledger.js';
import type { SettleInput, StepInput } from './types.js';

type Settled = Pick<StepInput, 'sync' | 'subscription'>;

/** Step 6: fences the sync off, brings chunks that never finished to an end, moves the state tables forward, and tells the ledger what the sync's row says it used. */
export async function settleSync(dependencies: ActivityDependencies, input: SettleInput, sweepStaging: () => Promise<void>): Promise<SyncResult> {
  return withHeartbeat(async () => {
    const result = await settle(dependencies, input, input.end);
    const { usage, reserved } = await dependencies.warehouseOf(input.subscription).syncUsage(input.sync.subscriptionId, input.sync.number);
    if (reserved) await tellLedger(dependencies, usageReport(input, usage ?? {}, { final: true }));
    await sweepStaging();
    return result;
  });
}

/** Settles what a sync left that died: what it had started and nobody acknowledged is ambiguous, the rest was not sent. */
export async function settleAbandoned(dependencies: ActivityDependencies, input: Settled): Promise<void> {
  await settle(dependencies, input, { kind: 'failed', message: 'the sync ended before it could settle (its workflow was terminated or its history was lost)' });
}

async function settle(dependencies: ActivityDependencies, input: Settled, end: EarlyEnd | null): Promise<SyncResult> {
  const warehouse = dependencies.warehouseOf(input.subscription);
  const fenced = await warehouse.fenceSync(input.sync);
  if (fenced.leaseRemainingMs > 0) throw new LeaseHeldError(`sync ${input.sync.subscriptionId}-${input.sync.number}`, fenced.leaseRemainingMs);
  for (const chunk of fenced.unfinished) {
    if (chunk.started) await conclude(dependencies, warehouse, fenced.sync, chunk);
  }
  // Before the state moves: what counts as acknowledged must be there for the destination's readers.
  await dependencies.destinationOf(input.subscription).publish?.({ subscriptionId: fenced.sync.subscriptionId, syncNumber: fenced.sync.number });
  return warehouse.settleSync(fenced.sync, end);
}

/** Finishes a started chunk that nobody is working on any more, by what its outcome log still tells. */
async function conclude(dependencies: ActivityDependencies, warehouse: Warehouse, sync: SyncRef, chunk: UnfinishedChunk): Promise<void> {
  const place = { subscriptionId: sync.subscriptionId, syncNumber: sync.number, chunk: chunk.chunk };
  const holder = `settle/${Context.current().info.activityId}/${sync.epoch}`;
  const taken = await warehouse.acquireChunk(sync, chunk.chunk, holder, 60_000);
  if (taken.kind === 'finished') return;
  if (taken.kind === 'held') throw new FencedError(`chunk ${chunk.chunk} of sync ${sync.subscriptionId}-${sync.number} was taken while its sync was settled`);
  const clock = serverClock();
  const reason = 'sent, and the sync died before its answer was noted';
  try {
    const log = summarize(await dependencies.staging.readOutcomes(place));
    // Without a log anything of the chunk may have left.
    const tail = { ambiguous: log.batchSize ?? chunk.records, reason };
    const outcomes = unsuccessfulRecords(dependencies.staging, place, chunk, log, tail);
    await warehouse.finishChunk(sync, chunk.chunk, holder, countChunk(chunk, log, tail), outcomes, clock.now());
  } catch (error) {
    if (!(error instanceof StagingLostError)) throw error;
    await warehouse.abandonChunk(sync, chunk.chunk, holder, reason, clock.now());
  }
}
