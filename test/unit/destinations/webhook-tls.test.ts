import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WebhookConfig } from '../../../src/destinations/webhook/config.js';
import { createWebhook } from '../../../src/destinations/webhook/webhook.js';
import { ConfigurationError } from '../../../src/errors/errors.js';
import { batchOf, events } from '../../support/events.js';
import { webhookConfig } from '../../support/webhook.js';

describe('a webhook whose server requires client certificates', () => {
  let folder: string;
  let server: Server;
  let url: string;
  const at = (file: string): string => join(folder, file);
  const client = (name: string) => ({ certFile: at(`${name}.pem`), keyFile: at(`${name}.key`) });

  /** A certificate that stands for itself. */
  function certify(name: string): void {
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at(`${name}.key`)];
    execFileSync('openssl', ['req', '-x509', ...key, '-out', at(`${name}.pem`), '-days', '2', ...subject], { stdio: 'ignore' });
  }

  async function deliver(tls: WebhookConfig['tls']) {
    const destination = createWebhook('crm', webhookConfig(url, { tls, timeoutMs: 10_000 }));
    try {
      return await destination.deliver(batchOf(events(2)), new AbortController().signal);
    } finally {
      await destination.close();
    }
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
    for (const name of ['server', 'ours', 'stranger']) certify(name);
    writeFileSync(at('nonsense.pem'), 'BEGIN secret END');
    const options = { cert: readFileSync(at('server.pem')), key: readFileSync(at('server.key')), ca: readFileSync(at('ours.pem')), requestCert: true, rejectUnauthorized: true };
    server = createServer(options, (request, response) => request.resume().on('end', () => response.end()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  it('is delivered to with a certificate that the server knows', async () => {
    assert.deepEqual(await deliver({ caFile: at('server.pem'), client: client('ours') }), { kind: 'delivered' });
  });

  it('gets nothing without a certificate, or with a stranger’s', async () => {
    for (const own of [null, client('stranger')]) assert.equal((await deliver({ caFile: at('server.pem'), client: own })).kind, 'unavailable');
  });

  it('gets nothing when its own certificate is not trusted', async () => {
    const answer = await deliver({ caFile: null, client: client('ours') });
    assert(answer.kind === 'unavailable' && !answer.sent, JSON.stringify(answer));
  });

  it('is refused up front with files that are missing, hold no PEM or don’t belong together, without quoting them', () => {
    const cases: readonly [RegExp, WebhookConfig['tls']][] = [
      [/tls\.caFile .*ENOENT/, { caFile: at('missing.pem'), client: null }],
      [/tls\.caFile holds no PEM/, { caFile: at('nonsense.pem'), client: null }],
      [/tls\.certFile and keyFile/, { caFile: null, client: { certFile: at('nonsense.pem'), keyFile: at('ours.key') } }],
      [/tls\.certFile and keyFile/, { caFile: null, client: { certFile: at('ours.pem'), keyFile: at('stranger.key') } }],
    ];
    for (const [message, tls] of cases) {
      assert.throws(
        () => createWebhook('crm', webhookConfig(url, { tls })),
        (error) => error instanceof ConfigurationError && message.test(error.message) && !error.message.includes('secret'),
      );
    }
  });

  it('is refused up front with a URL that is not https', () => {
    assert.throws(() => createWebhook('crm', webhookConfig('http://127.0.0.1/', { tls: { caFile: null, client: null } })), /tls needs an https URL/);
  });
});
