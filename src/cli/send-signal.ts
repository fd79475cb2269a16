import type { SluiceClient } from '../client/client.js';
import { checkSubscription } from './known-subscriptions.js';
import { printJson } from './output.js';
import type { Settings } from './settings.js';
import { withClient } from './with-client.js';

/** Sends a message that needs no worker now: Temporal keeps it until one takes it. */
export async function sendSignal(settings: Settings, subscriptionId: string, name: string, send: (client: SluiceClient) => Promise<void>): Promise<void> {
  await checkSubscription(settings, subscriptionId);
  await withClient(settings, send);
  if (settings.json) printJson({ subscriptionId, sent: name });
  else console.log(`${name} was sent to ${subscriptionId}; see it with \`sluice status ${subscriptionId}\``);
}
