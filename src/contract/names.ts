/**
 * Names that running workflows, workers and clients of different versions share.
 * They are durable: renaming one strands what already runs under it.
 */
export const taskQueue = 'sluice';

/** Where the workers of one host take the steps of the syncs that it has staged. */
export function hostTaskQueue(host: string): string {
  return `${taskQueue}/host/${host}`;
}

/** Where a host's workers answer that they are there, however busy they are. */
export function hostPresenceQueue(host: string): string {
  return `${hostTaskQueue(host)}/presence`;
}

export const workflowTypes = { sync: 'SyncWorkflow', syncRun: 'SyncRunWorkflow', quota: 'QuotaWorkflow', rate: 'RateWorkflow' } as const;

export function syncWorkflowId(subscriptionId: string): string {
  return `sync/${subscriptionId}`;
}

export function syncRunWorkflowId(subscriptionId: string, number: number): string {
  return `sync/${subscriptionId}/${number}`;
}

export function quotaWorkflowId(workspaceId: string): string {
  return `quota/${workspaceId}`;
}

/** One for each destination that has a rate limit or asked for a pause, while someone sends to it. */
export function rateWorkflowId(workspaceId: string, destination: string): string {
  return `rate/${workspaceId}/${destination}`;
}

/**
 * Memo keys, readable with no worker running. Of a SyncWorkflow: its workspace's id, and the subscription as it runs. Of a QuotaWorkflow: its terms.
 * Of a RateWorkflow: until when nothing should be sent, in ms since the epoch.
 */
export const memoKeys = { workspace: 'sluiceWorkspace', configuration: 'sluiceConfiguration', quotaTerms: 'sluiceQuotaTerms', pausedUntil: 'sluicePausedUntil' } as const;
