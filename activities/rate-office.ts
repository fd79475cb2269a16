import { getClient } from '@temporalio/activity';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { messageNames } from '../src/contract/messages.js';
import { memoKeys, rateWorkflowId, taskQueue, workflowTypes } from '../src/contract/names.js';
import type { RatePause, RateRelease, RateWorkflowInput } from '../src/contract/rate.js';
import type { RateOffice } from '../src/destinations/pacer.js';
import type { RateAnswer, RateRequest } from '../src/domain/rate-book.js';

/** How long an answer is waited for, in ms. */
const answerWithinMs = 10_000;

/**
 * For each call of an activity the client puts a listener on the activity's signal and leaves it there, and a load that lasts for hours calls every few seconds.
 * So each call has a signal of its own, and ends by its deadline.
 */
function call<T>(work: () => Promise<T>): Promise<T> {
  const client = getClient();
  return client.withAbortSignal(new AbortController().signal, () => client.withDeadline(Date.now() + answerWithinMs, work));
}

/** A destination's RateWorkflow, as loads reach it: started by the first that needs it. Use it within an activity. */
export function rateOffice(workspaceId: string, destination: string): RateOffice {
  const workflowId = rateWorkflowId(workspaceId, destination);
  const input: RateWorkflowInput = { destination };
  const start = {
    workflowId,
    taskQueue,
    args: [input] as [RateWorkflowInput],
    memo: { [memoKeys.workspace]: workspaceId },
    staticSummary: `Rate and pauses of destination ${destination}`,
  };
  const running = () => getClient().workflow.getHandle(workflowId);

  const ask = async (request: RateRequest): Promise<RateAnswer> => {
    try {
      return await running().executeUpdate<RateAnswer, [RateRequest]>(messageNames.lease, { args: [request] });
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      const startWorkflowOperation = new WithStartWorkflowOperation(workflowTypes.rate, { ...start, workflowIdConflictPolicy: 'USE_EXISTING' });
      return getClient().workflow.executeUpdateWithStart<(input: RateWorkflowInput) => Promise<void>, RateAnswer, [RateRequest]>(messageNames.lease, { args: [request], startWorkflowOperation });
    }
  };

  return {
    ask: (request) => call(() => ask(request)),
    release: (holder, recent) => call(() => running().signal<[RateRelease]>(messageNames.release, { holder, recent })),
    pause: async (ms) => {
      await call(() => getClient().workflow.signalWithStart(workflowTypes.rate, { ...start, signal: messageNames.pauseSending, signalArgs: [{ ms }] satisfies [RatePause] }));
    },
    pausedMs: async () => {
      try {
        const { memo } = await call(() => running().describe());
        return Math.max(0, Number(memo?.[memoKeys.pausedUntil] ?? 0) - Date.now());
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 0;
        throw error;
      }
    },
  };
}
