import { ApplicationFailure, CancellationScope, CancelledFailure, defineQuery, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { messageNames, type SyncProgress } from '../src/contract/messages.js';
import { syncIdOf } from '../src/domain/subscription.js';
import type { EarlyEnd, SyncResult } from '../src/domain/sync.js';
import type { DiffSummary, StagingHost, StepInput } from '../activities/types.js';
import { earlyEndOf } from './failures.js';
import { loadChunks } from './load-chunks.js';
import { QuotaAccount } from './quota-client.js';
import { settle } from './settle.js';
import { StagingPlace } from './staging-host.js';
import { extractSteps } from './steps.js';
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

  const account = new QuotaAccount(input);
  const place = new StagingPlace();
  let end: EarlyEnd | null;
  try {
    end = await extractAndLoad(input, account, place, showProgress);
  } catch (error) {
    end = earlyEndOf(error);
  }
  showProgress({ step: 'settling' });
  const result = await settle(input, end, `Settle ${syncIdOf(input.sync.subscriptionId, input.sync.number)}`, place);
  showResult(result);
  return endAs(result);
}

async function extractAndLoad(
  input: StepInput,
  account: QuotaAccount,
  place: StagingPlace,
  showProgress: (change: Partial<SyncProgress>) => void,
): Promise<EarlyEnd | null> {
  const found = await extract(input, showProgress);
  showProgress({ step: 'staging', toSend: found.toSend });
  if (found.toSend === 0) return null;
  const { granted, chunks, host } = await stageGranted(input, account, found.toSend);
  place.set(host);
  showProgress({ step: 'loading', toSend: granted });
  let processed = 0;
  const end = await loadChunks(input, chunks, place, found.concurrency, (loaded) => {
    account.noteLoaded(loaded);
    processed += loaded.succeeded + loaded.failed;
    showProgress({ processed });
  });
  // Loads that were told to stop end well; where no other was left to start, only the scope knows.
  const isCanceled = CancellationScope.current().consideredCancelled && processed < granted;
  return end === null && isCanceled ? { kind: 'canceled' } : end;
}

async function extract(input: StepInput, showProgress: (change: Partial<SyncProgress>) => void): Promise<DiffSummary> {
  const { sync, subscription, replayed } = input;
  if (replayed === undefined) {
    showProgress({ step: 'diffing' });
    return extractSteps.diffModel.executeWithOptions({ summary: `Diff model ${subscription.model.name} on ${subscription.model.source}` }, [input]);
  }
  showProgress({ step: 'replaying' });
  return extractSteps.replaySync.executeWithOptions({ summary: `Take up what ${syncIdOf(sync.subscriptionId, replayed)} staged` }, [{ ...input, replayed }]);
}

interface Staged {
  readonly granted: number;
  readonly chunks: readonly number[];
  /** Null when any worker can load them. */
  readonly host: StagingHost | null;
}

/** What the quota grants is staged, and nothing else. A grant that a newer ledger made void is asked for again. */
async function stageGranted(input: StepInput, account: QuotaAccount, wanted: number): Promise<Staged> {
  for (let grant = await account.granted(wanted); ; grant = await account.grantedAnew(wanted)) {
    const staged = await extractSteps.stageRecords.executeWithOptions({ summary: `Stage ${grant.records} of ${wanted} records` }, [{ ...input, grant }]);
    if (staged.kind === 'staged') return { granted: grant.records, chunks: staged.chunks, host: staged.host ?? null };
  }
}

/** A canceled or failed sync shows as such in the Web UI; its books travel with the failure. */
function endAs(result: SyncResult): SyncResult {
  if (result.status === 'canceled') throw new CancelledFailure(`${result.syncId ?? 'the sync'} was canceled`, [result]);
  if (result.status === 'failed') throw ApplicationFailure.nonRetryable(result.error ?? `none of ${result.processed} records was delivered`, 'SyncFailed', result);
  return result;
}
