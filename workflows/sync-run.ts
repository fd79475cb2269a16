import { ApplicationFailure, CancellationScope, CancelledFailure, defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { messageNames, type SyncProgress } from '../src/contract/messages.js';
import { syncIdOf } from '../src/domain/subscription.js';
import type { EarlyEnd, SyncResult } from '../src/domain/sync.js';
import type { StepInput } from '../activities/types.js';
import { earlyEndOf } from './failures.js';
import { loadChunks } from './load-chunks.js';
import { extractSteps, lastingSteps } from './steps.js';
import { showResult } from './visibility.js';

const progressQuery = defineQuery<SyncProgress>(messageNames.progress);

/** One sync: extract, then load, then settle, however it ends. Its row in the Web UI is the sync's. */
export async function SyncRunWorkflow(input: StepInput): Promise<SyncResult> {
  let progress: SyncProgress = { step: 'diffing', toSend: null, processed: 0 };
  setHandler(progressQuery, () => progress, { description: 'Which step the sync is at, and how many records it has processed' });
  const showProgress = (change: Partial<SyncProgress>): void => {
    progress = { ...progress, ...change };
    setCurrentDetails(`**${syncIdOf(input.sync.subscriptionId, input.sync.number)}** is ${progress.step}: ${progress.processed} of ${progress.toSend ?? '?'} records processed`);
  };

  let end: EarlyEnd | null;
  try {
    end = await extractAndLoad(input, showProgress);
  } catch (error) {
    end = earlyEndOf(error);
  }
  showProgress({ step: 'settling' });
  const result = await settle(input, end);
  showResult(result);
  return endAs(result);
}

async function extractAndLoad(input: StepInput, showProgress: (change: Partial<SyncProgress>) => void): Promise<EarlyEnd | null> {
  const { model } = input.subscription;
  showProgress({ step: 'diffing' });
  const found = await extractSteps.diffModel.executeWithOptions({ summary: `Diff model ${model.name} on ${model.source}` }, [input]);
  showProgress({ step: 'staging', toSend: found.toSend });
  if (found.toSend === 0) return null;
  const chunks = await extractSteps.stageRecords.executeWithOptions({ summary: `Stage ${found.toSend} records` }, [input]);
  showProgress({ step: 'loading' });
  let processed = 0;
  return loadChunks(input, chunks, found.concurrency, (loaded) => {
    processed += loaded.succeeded + loaded.failed;
    showProgress({ processed });
  });
}

function settle(input: StepInput, end: EarlyEnd | null): Promise<SyncResult> {
  const summary = `Settle ${syncIdOf(input.sync.subscriptionId, input.sync.number)}`;
  return CancellationScope.nonCancellable(() => lastingSteps.settleSync.executeWithOptions({ summary }, [{ ...input, end }]));
}

/** A canceled or failed sync shows as such in the Web UI; its books travel with the failure. */
function endAs(result: SyncResult): SyncResult {
  if (result.status === 'canceled') throw new CancelledFailure(`${result.syncId ?? 'the sync'} was canceled`, [result]);
  if (result.status === 'failed') throw ApplicationFailure.nonRetryable(result.error ?? `none of ${result.processed} records was delivered`, 'SyncFailed', result);
  return result;
}
