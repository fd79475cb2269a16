import type { WebhookConfig } from '../../src/destinations/webhook/config.js';
import { createWebhook } from '../../src/destinations/webhook/webhook.js';
import { Receiver } from '../support/receiver.js';
import { webhookConfig } from '../support/webhook.js';
import type { AnsweringHarness } from './destination-suite.js';

type Refusal = 'record by record' | 'by the batch';

export async function openWebhook(changes: Partial<WebhookConfig>, refusal: Refusal): Promise<AnsweringHarness> {
  const receiver = await Receiver.start(changes.signing ? { signingSecret: changes.signing.secret } : {});
  const destination = createWebhook('crm', webhookConfig(receiver.url, changes));
  return {
    destination,
    state: () => Promise.resolve(new Map([...receiver.state].map(([id, record]) => [id, record.properties]))),
    failNextAttempt: () => receiver.next({ kind: 'answer', status: 503 }),
    loseNextAnswer: () => receiver.next({ kind: 'break', when: 'after_taking' }),
    ignoreNextAttempt: () => receiver.next({ kind: 'silence' }),
    refuseCredentials: () => receiver.next({ kind: 'answer', status: 401 }),
    refuseRecords: (ids) => {
      const isRefused = (id: string | undefined) => id !== undefined && ids.has(id);
      if (refusal === 'by the batch') receiver.isBad = (record) => isRefused(record.__segment_id);
      else receiver.refuseRecord = (record) => (isRefused(record.__segment_id) ? 'no such plan' : null);
    },
    close: async () => {
      await destination.close();
      await receiver.close();
    },
  };
}
