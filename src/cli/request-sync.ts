import type { SluiceClient } from '../client/client.js';
import type { SyncRequest } from '../contract/messages.js';
import type { SyncResult } from '../domain/sync.js';
import { RefusedError } from '../errors/errors.js';
import { exitCodes } from './failure.js';
import { checkSubscription } from './known-subscriptions.js';
import { printJson } from './output.js';
import { createProgressDisplay } from './progress.js';
import type { Settings } from './settings.js';
import { resultText } from './sync-report.js';
import { withClient } from './with-client.js';

/** Asks for a sync, and prints its result once it has ended, or else that it was accepted. Exits with 1 for any end but success. */
export async function requestSync(settings: Settings, subscriptionId: string, request: SyncRequest, wait: boolean): Promise<void> {
  await checkSubscription(settings, subscriptionId);
  await withClient(settings, async (client) => {
    const answer = await client.requestSync(subscriptionId, request);
    if (!answer.accepted) throw new RefusedError(answer.reason);
    if (wait) printResult(await waited(client, subscriptionId, answer.request, settings), settings);
    else if (settings.json) printJson({ subscriptionId, ...answer });
    else console.log(`a ${request.replay === undefined ? 'sync' : 'replay'} of ${subscriptionId} was accepted; see it with \`sluice status ${subscriptionId}\``);
  });
}

async function waited(client: SluiceClient, subscriptionId: string, request: number, { json }: Settings): Promise<SyncResult> {
  const display = createProgressDisplay(process.stderr.isTTY && !json);
  try {
    return await client.waitForSync(subscriptionId, request, (progress) => display.show(progress));
  } finally {
    display.stop();
  }
}

function printResult(result: SyncResult, { json }: Settings): void {
  if (json) printJson(result);
  else console.log(resultText(result));
  if (result.status !== 'succeeded') process.exitCode = exitCodes.failed;
}
