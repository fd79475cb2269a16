import { getClient } from '@temporalio/activity';
import { messageNames } from '../src/contract/messages.js';
import { memoKeys, quotaWorkflowId, taskQueue, workflowTypes } from '../src/contract/names.js';
import type { QuotaMessage, QuotaWorkflowInput } from '../src/contract/quota.js';
import type { ActivityDependencies } from './dependencies.js';

/** Sends a message to the workspace's ledger, and starts it where there is none: Temporal was wiped, or someone terminated it. May be done again. */
export async function tellLedger({ workspaceId, quotaTerms }: Pick<ActivityDependencies, 'workspaceId' | 'quotaTerms'>, message: QuotaMessage): Promise<void> {
  const input: QuotaWorkflowInput = { workspaceId, terms: quotaTerms };
  await getClient().workflow.signalWithStart(workflowTypes.quota, {
    workflowId: quotaWorkflowId(workspaceId),
    taskQueue,
    args: [input],
    signal: messageNames.quotaMessage,
    signalArgs: [message],
    memo: { [memoKeys.workspace]: workspaceId, [memoKeys.quotaTerms]: quotaTerms },
    staticSummary: `Usage and quota of workspace ${workspaceId}`,
  });
}
