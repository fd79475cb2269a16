/**
 * Names that running workflows, workers and clients of different versions share.
 * They are durable: renaming one strands what already runs under it.
 */
export const taskQueue = 'sluice';

export const workflowTypes = { sync: 'SyncWorkflow', syncRun: 'SyncRunWorkflow', quota: 'QuotaWorkflow' } as const;

export function syncWorkflowId(subscriptionId: string): string {
  return `sync/${subscriptionId}`;
}

export function syncRunWorkflowId(subscriptionId: string, number: number): string {
  return `sync/${subscriptionId}/${number}`;
}

export function quotaWorkflowId(workspaceId: string): string {
  return `quota/${workspaceId}`;
}

/** Memo keys of a SyncWorkflow, readable with no worker running: its workspace's id, and the subscription as it runs. */
export const memoKeys = { workspace: 'sluiceWorkspace', configuration: 'sluiceConfiguration', quotaTerms: 'sluiceQuotaTerms' } as const;
