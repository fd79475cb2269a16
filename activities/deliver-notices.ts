import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';
import { messageNames } from '../src/contract/messages.js';
import { syncRunWorkflowId, syncWorkflowId } from '../src/contract/names.js';
import type { QuotaDelivery } from '../src/contract/quota.js';
import { several } from '../src/domain/several.js';

const atOnce = 20;

/**
 * Brings the ledger's answers to the workflows concerned, each subscription's one after the other, so that a pause is known before its grant arrives.
 * One step for many answers keeps the ledger's history small. All may be delivered again.
 */
export async function deliverNotices(lines: readonly (readonly QuotaDelivery[])[]): Promise<void> {
  await several(lines, atOnce, async (line) => {
    for (const delivery of line) await deliver(delivery);
  });
}

/** Whoever has gone needs no answer: a dead sync is settled by its row, and a subscription that comes back asks anew. */
async function deliver(delivery: QuotaDelivery): Promise<void> {
  const { workflow } = getClient();
  try {
    if (delivery.kind === 'grant') await workflow.getHandle(syncRunWorkflowId(delivery.subscriptionId, delivery.number)).signal(messageNames.quotaGrant, delivery.grant);
    else await workflow.getHandle(syncWorkflowId(delivery.subscriptionId)).signal(messageNames.quotaNotice, delivery.notice);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
