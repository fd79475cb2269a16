import { getClient } from '@temporalio/activity';
import { workflowTypes } from '../src/contract/names.js';
import { quotaSignal, type QuotaMessage } from '../src/contract/quota.js';
import type { ActivityDependencies } from './dependencies.js';

/** Sends a message to the workspace's ledger, and starts it where there is none: Temporal was wiped, or someone terminated it. May be done again. */
export async function tellLedger({ workspaceId, quotaTerms }: Pick<ActivityDependencies, 'workspaceId' | 'quotaTerms'>, message: QuotaMessage): Promise<void> {
  await getClient().workflow.signalWithStart(workflowTypes.quota, quotaSignal({ workspaceId, terms: quotaTerms }, message));
}
