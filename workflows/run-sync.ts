import { ChildWorkflowCancellationType, executeChild, ParentClosePolicy, uuid4 } from '@temporalio/workflow';
import { syncRunWorkflowId } from '../src/contract/names.js';
import { emptyBooks } from '../src/domain/books.js';
import { syncIdOf, type Subscription } from '../src/domain/subscription.js';
import type { EarlyEnd, SyncResult, SyncTrigger } from '../src/domain/sync.js';
import type { StepInput } from '../activities/types.js';
import { earlyEndOf } from './failures.js';
import { settle } from './settle.js';
import { extractSteps } from './steps.js';
import { SyncRunWorkflow } from './sync-run.js';
import { attributesOf } from './visibility.js';

export interface SyncStart {
  readonly workspaceId: string;
  readonly subscription: Subscription;
  readonly trigger: SyncTrigger;
  /** Compare the whole model even where a timestamp column would allow less. */
  readonly full: boolean;
  /** The number of the sync to replay, in the place of a diff. */
  readonly replayed?: number;
}

/** Opens a sync and runs it as a child, so that each sync is a row of its own in the Web UI. Always returns how it ended. */
export async function runSync({ workspaceId, subscription, trigger, ...extract }: SyncStart, onOpened: (syncId: string) => void): Promise<SyncResult> {
  const startedAt = new Date().toISOString();
  let sync: StepInput['sync'];
  try {
    sync = await extractSteps.openSync.executeWithOptions({ summary: `Open a sync of ${subscription.id}` }, [{ subscription, trigger, requestKey: uuid4() }]);
  } catch (error) {
    return unopened(subscription.id, trigger, startedAt, earlyEndOf(error));
  }
  onOpened(syncIdOf(subscription.id, sync.number));
  const input = { sync, workspaceId, subscription, ...extract };
  try {
    return await executeChild(SyncRunWorkflow, {
      workflowId: syncRunWorkflowId(subscription.id, sync.number),
      args: [input],
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      typedSearchAttributes: attributesOf(subscription, 'in_progress'),
      staticSummary: summaryOf(input),
    });
  } catch (error) {
    // The child has settled, or it was terminated and this settles it; either way the row in the warehouse says how it ended.
    return resultOf(input, trigger, startedAt, earlyEndOf(error));
  }
}

function summaryOf({ sync, subscription, replayed }: StepInput): string {
  const what = replayed === undefined ? subscription.model.name : `replay of sync ${replayed}`;
  return `Sync ${sync.number} of ${subscription.id}: ${what} to ${subscription.destination}`;
}

async function resultOf(input: StepInput, trigger: SyncTrigger, startedAt: string, end: EarlyEnd): Promise<SyncResult> {
  const syncId = syncIdOf(input.sync.subscriptionId, input.sync.number);
  try {
    return await settle(input, end, `Read how ${syncId} ended`);
  } catch (error) {
    return { ...unopened(input.sync.subscriptionId, trigger, startedAt, earlyEndOf(error)), syncId };
  }
}

function unopened(subscriptionId: string, trigger: SyncTrigger, startedAt: string, end: EarlyEnd): SyncResult {
  return {
    ...emptyBooks,
    syncId: null,
    subscriptionId,
    status: end.kind,
    trigger,
    startedAt,
    finishedAt: new Date().toISOString(),
    ambiguous: 0,
    moreToExtract: false,
    resentForColumns: 0,
    replayOf: null,
    superseded: 0,
    error: end.kind === 'failed' ? end.message : null,
  };
}
