import { CancellationScope } from '@temporalio/workflow';
import type { EarlyEnd, SyncResult } from '../src/domain/sync.js';
import type { StepInput } from '../activities/types.js';
import { StagingPlace } from './staging-host.js';
import { lastingSteps } from './steps.js';

/** Settles a sync, however it ended, and tells the ledger what its row says it used. Can be done again. */
export async function settle(input: StepInput, end: EarlyEnd | null, summary: string, place = new StagingPlace()): Promise<SyncResult> {
  return CancellationScope.nonCancellable(() => place.runWherePossible((where) => lastingSteps.settleSync.executeWithOptions({ summary, ...where }, [{ ...input, end }])));
}
