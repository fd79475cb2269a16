import { getClient } from '@temporalio/activity';
import type { QuotaWorkflowInput } from '../src/contract/quota.js';
import { memoKeys, quotaWorkflowId, taskQueue, workflowTypes } from '../src/contract/names.js';
import type { ActivityDependencies } from './dependencies.js';

/** Starts the workspace's ledger where a sync found none: Temporal was wiped, or someone terminated it. Does nothing when it runs. */
export async function startQuota({ workspaceId, quotaTerms }: ActivityDependencies): Promise<void> {
  const input: QuotaWorkflowInput = { workspaceId, terms: quotaTerms };
  await getClient().workflow.start(workflowTypes.quota, {
    workflowId: quotaWorkflowId(workspaceId),
    taskQueue,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    memo: { [memoKeys.workspace]: workspaceId, [memoKeys.quotaTerms]: quotaTerms },
    staticSummary: `Usage and quota of workspace ${workspaceId}`,
  });
}
