import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';
import type { Batch, DeliveryAnswer, Destination } from '../destination.js';
import { judgeExchange } from './answers.js';
import { webhookChecks } from './check.js';
import type { WebhookConfig } from './config.js';
import { connectionsTo, exchange, type Exchange } from './exchange.js';
import { createReasonWriter } from '../reason.js';
import { signatureHeaders } from './signature.js';
import { secretsOf, targetOf } from './target.js';
import { tlsOptionsOf } from './tls.js';

const gzip = promisify(gzipWithCallback);

/**
 * Sends each batch as one JSON array to a URL, over as many kept-alive connections as `concurrency` says.
 *
 * @throws ConfigurationError when the URL is none that HTTP can reach, a header is none that it can carry, or tls names no usable certificates
 */
export function createWebhook(name: string, config: WebhookConfig): Destination {
  const target = targetOf(name, config);
  const reasonOf = createReasonWriter(secretsOf(config));
  const fixedHeaders = headersOf(config, target.authorization);
  const { batchSize, batchBytes, concurrency, timeoutMs, giveUpAfterMs, rateLimit } = config;
  // One timer covers a whole request (exchange.ts); undici's own would only end it earlier.
  const pool = connectionsTo(target.origin, { connections: concurrency, headersTimeout: 0, bodyTimeout: 0, connect: { timeout: timeoutMs, ...tlsOptionsOf(name, config) } });

  const headersFor = (json: Buffer): string[] => (config.signing === null ? fixedHeaders : [...fixedHeaders, ...signatureHeaders(config.signing.secret, json, Date.now())]);
  const send = (json: Buffer, body: Buffer, signal: AbortSignal): Promise<Exchange> => exchange(pool, { origin: target.origin, path: target.path, method: config.method, headers: headersFor(json), body }, timeoutMs, signal);
  const post = (json: Buffer, signal: AbortSignal): Promise<Exchange> => (config.gzip ? gzip(json).then((body) => send(json, body, signal)) : send(json, json, signal));
  const judge = (ended: Exchange, batch: Pick<Batch, 'records'>): DeliveryAnswer => judgeExchange(ended, batch, target.origin, reasonOf, Date.now());

  return {
    identity: target.identity,
    limits: { batchSize, batchBytes, concurrency, timeoutMs, giveUpAfterMs, rateLimit },
    deliver: async (batch, signal) => judge(await post(batch.json, signal), batch),
    check: async (signal) => {
      const ended = await post(Buffer.from('[]'), signal);
      return webhookChecks(ended, judge(ended, { records: [] }), target.origin);
    },
    close: () => pool.destroy(),
  };
}

/** Names and values in turn: undici copies them with each request, and takes a list in less time. */
function headersOf(config: WebhookConfig, authorization: string | null): string[] {
  const configured = Object.fromEntries(Object.entries(config.headers).map(([header, value]) => [header.toLowerCase(), value]));
  const headers = {
    'user-agent': 'sluice',
    accept: 'application/json',
    ...(authorization === null ? {} : { authorization }),
    ...configured,
    'content-type': 'application/json',
    ...(config.gzip ? { 'content-encoding': 'gzip' } : {}),
  };
  return Object.entries(headers).flat();
}
