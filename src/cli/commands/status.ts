import type { Command } from 'commander';
import type { SubscriptionStatus } from '../../contract/messages.js';
import { checkSubscription, configurationIfThere } from '../known-subscriptions.js';
import { printJson, tableText, timeText } from '../output.js';
import { settingsOf, type Settings } from '../settings.js';
import { resultText } from '../sync-report.js';
import { withClient } from '../with-client.js';

export function addStatus(program: Command): void {
  program
    .command('status')
    .summary('show state, next and last sync')
    .description('Show the state, the next and the last sync of a subscription, or of all that run.')
    .argument('[subscription]', 'the id of the subscription; left out: all')
    .addHelpText('after', '\nExample: sluice status customers_to_crm --json')
    .action(async (subscriptionId: string | undefined, _options: unknown, command: Command) => {
      const settings = settingsOf(command);
      await (subscriptionId === undefined ? showAll(settings) : showOne(subscriptionId, settings));
    });
}

async function showOne(subscriptionId: string, settings: Settings): Promise<void> {
  await checkSubscription(settings, subscriptionId);
  const status = await withClient(settings, (client) => client.status(subscriptionId));
  if (settings.json) printJson(documentOf(status));
  else console.log(statusText(status));
}

async function showAll(settings: Settings): Promise<void> {
  const configured = Object.values((await configurationIfThere(settings))?.subscriptions ?? {});
  const statuses = await withClient(settings, async (client) => {
    const running = await client.listSubscriptions(configured.map(({ id }) => id));
    return Promise.all(running.map((id) => client.status(id)));
  });
  const shown = statuses.map(({ subscriptionId }) => subscriptionId);
  const missing = configured.filter(({ id, enabled }) => enabled && !shown.includes(id)).map(({ id }) => id);
  if (missing.length > 0) console.error(`not running, start with \`sluice apply\`: ${missing.join(', ')}`);
  if (settings.json) printJson(statuses.map(documentOf));
  else if (statuses.length > 0) console.log(statusTable(statuses));
  else if (missing.length === 0) console.log('no subscriptions run here');
}

/** Scripts rely on exactly these keys. */
function documentOf({ subscriptionId, state, nextSyncAt, lastSync, pausedUntil, resetPending }: SubscriptionStatus): object {
  return { subscriptionId, state, nextSyncAt, lastSync, pausedUntil, resetPending };
}

function statusText(status: SubscriptionStatus): string {
  const lines = [
    `${status.subscriptionId} is ${status.state}${status.currentSync === null ? '' : ` (${status.currentSync})`}`,
    `next sync: ${nextSyncText(status)}`,
    ...(status.pausedUntil === null ? [] : [`paused until ${timeText(status.pausedUntil)}`]),
    ...(status.resetPending ? ['reset: the next sync sends every record again, and the deletion of what has gone'] : []),
    ...(status.lastRefusal === null ? [] : [`last refusal: ${status.lastRefusal}`]),
    ...(status.lastSync === null ? ['last sync: none yet'] : ['', resultText(status.lastSync)]),
  ];
  return lines.join('\n');
}

function nextSyncText({ nextSyncAt, state }: SubscriptionStatus): string {
  if (nextSyncAt !== null) return timeText(nextSyncAt);
  return state === 'idle' || state === 'syncing' ? 'on request only' : `none while ${state}`;
}

function statusTable(statuses: readonly SubscriptionStatus[]): string {
  const rows = statuses.map((status) => {
    const { lastSync } = status;
    return [status.subscriptionId, status.state, nextSyncText(status), lastSync?.syncId ?? '', lastSync?.status ?? '', lastSync === null ? '' : timeText(lastSync.finishedAt)];
  });
  return tableText(['subscription', 'state', 'next sync', 'last sync', 'status', 'ended'].map((title) => ({ title })), rows);
}
