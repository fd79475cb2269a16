import type { WebhookConfig } from '../../src/destinations/webhook/config.js';

/** A webhook's configuration with short times, for tests. */
export function webhookConfig(url: string, changes: Partial<WebhookConfig> = {}): WebhookConfig {
  return {
    type: 'webhook',
    url,
    headers: {},
    batchSize: 500,
    batchBytes: 4_000_000,
    concurrency: 4,
    rateLimit: null,
    timeoutMs: 300,
    giveUpAfterMs: 5_000,
    method: 'POST',
    gzip: false,
    signing: null,
    tls: null,
    ...changes,
  };
}
