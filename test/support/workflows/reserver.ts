import { condition, defineSignal, setHandler, sleep } from '@temporalio/workflow';
import { messageNames } from '../../../src/contract/messages.js';
import type { QuotaGrant } from '../../../src/contract/quota.js';
import { messageSteps } from '../../../workflows/steps.js';

/** Asks a ledger for records as a sync does, at a time (ms since the epoch), tells it that all that was granted was sent, and returns how many that were. */
export async function reserver(subscriptionId: string, wanted: number, day: string, atMs: number): Promise<number> {
  const grants: QuotaGrant[] = [];
  setHandler(defineSignal<[QuotaGrant]>(messageNames.quotaGrant), (grant) => void grants.push(grant));
  const subject = { subscriptionId, source: 'warehouse', destination: 'crm', number: 1 };
  await sleep(Math.max(1, atMs - Date.now()));
  await messageSteps.tellLedger({ kind: 'reserve', request: { ...subject, wanted } });
  await condition(() => grants.length > 0);
  const succeeded = grants[0]?.records ?? 0;
  await messageSteps.tellLedger({ kind: 'report', report: { ...subject, usage: { [day]: { succeeded, failed: 0 } }, final: true } });
  return succeeded;
}
