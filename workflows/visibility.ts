import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { searchAttributes } from '../src/contract/search-attributes.js';
import type { SubscriptionStatus } from '../src/contract/messages.js';
import type { Subscription } from '../src/domain/subscription.js';
import type { SyncResult } from '../src/domain/sync.js';

/** The attributes that a subscription's workflow and each of its syncs carry in the Web UI. */
export function attributesOf(subscription: Subscription, status: string): { key: (typeof searchAttributes)['status']; value: string }[] {
  return [
    { key: searchAttributes.subscription, value: subscription.id },
    { key: searchAttributes.model, value: subscription.model.name },
    { key: searchAttributes.destination, value: subscription.destination },
    { key: searchAttributes.status, value: status },
  ];
}

/** Shows a finished sync on its own row. */
export function showResult(result: SyncResult): void {
  upsertSearchAttributes([
    { key: searchAttributes.status, value: result.status },
    { key: searchAttributes.processed, value: result.processed },
    { key: searchAttributes.failed, value: result.failed },
  ]);
  setCurrentDetails(resultMarkdown(result));
}

/** Shows a subscription's state and its last sync. */
export function showStatus(status: SubscriptionStatus): void {
  upsertSearchAttributes([
    { key: searchAttributes.status, value: status.state },
    { key: searchAttributes.pausedUntil, value: status.pausedUntil === null ? null : new Date(status.pausedUntil) },
  ]);
  const next = status.nextSyncAt ?? (status.pausedUntil === null ? 'on request only' : `when the quota's pause ends, at ${status.pausedUntil} or with a raised plan`);
  const lines = [`**${status.subscriptionId}** is **${status.state}**`, '', `- next sync: ${next}`];
  if (status.resetPending) lines.push('- reset: the next sync sends every record again, and the deletion of what has gone');
  if (status.lastRefusal !== null) lines.push(`- last refusal: ${status.lastRefusal}`);
  if (status.lastSync !== null) lines.push('', resultMarkdown(status.lastSync));
  setCurrentDetails(lines.join('\n'));
}

function resultMarkdown(result: SyncResult): string {
  const { extracted } = result;
  const isReplay = result.trigger === 'replay';
  const lines = [
    `**${result.syncId ?? 'a sync that could not be opened'}** ended **${result.status}** at ${result.finishedAt} (${result.trigger}${result.replayOf ? ` of ${result.replayOf}` : ''})`,
    '',
    `- ${isReplay ? 'taken up' : 'extracted'}: ${extracted.added} new, ${extracted.updated} updated, ${extracted.deleted} deleted`,
    `- delivered: ${result.succeeded} of ${result.processed} sent`,
    `- failed: ${result.failed}${result.ambiguous > 0 ? ` (${result.ambiguous} without an answer)` : ''}, not sent: ${result.notSent}, excluded: ${result.excluded}, rejected: ${extracted.rejected}`,
  ];
  if (isReplay) lines.push(`- superseded: ${result.superseded}, no longer the acknowledged version`);
  if (result.moreToExtract) lines.push(isReplay ? '- cut off by the quota: only a part was sent again' : '- more to extract: the next sync goes on');
  if (result.error !== null) lines.push(`- error: ${result.error}`);
  return lines.join('\n');
}
