import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import type { WebhookConfig } from '../../../src/destinations/webhook/config.js';
import { createWebhook } from '../../../src/destinations/webhook/webhook.js';
import { batchOf, event } from '../../support/events.js';
import { webhookConfig } from '../../support/webhook.js';

const batch = batchOf(Array.from({ length: 20 }, (_, id) => event(String(id), { name: 'Zoë' })));

/** The body as it comes, which the other tests' receiver has decompressed and read with code of ours. */
async function onTheWire(changes: Partial<WebhookConfig>): Promise<{ readonly headers: IncomingMessage['headers']; readonly body: Buffer }> {
  const bodies: Promise<Buffer>[] = [];
  const server = createServer((request, response) => void bodies.push(buffer(request).finally(() => response.end()))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const arrived = once(server, 'request') as Promise<[IncomingMessage]>;
  const destination = createWebhook('crm', webhookConfig(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, changes));
  try {
    assert.deepEqual(await destination.deliver(batch, new AbortController().signal), { kind: 'delivered' });
    const [[{ headers }], [body]] = [await arrived, await Promise.all(bodies)];
    assert(body !== undefined);
    return { headers, body };
  } finally {
    await destination.close();
    server.close();
  }
}

describe('what a webhook puts on the wire', () => {
  it('is the records as a JSON array, neither compressed nor signed unless told to', async () => {
    const { headers, body } = await onTheWire({});
    assert.deepEqual(body, batch.json);
    assert.deepEqual([headers['content-type'], headers['content-encoding'], headers['webhook-signature']], ['application/json', undefined, undefined]);
  });

  it('is compressed when told to, and signed as it was before that: HMAC-SHA256 of the time, a dot and the body', async () => {
    const { headers, body } = await onTheWire({ gzip: true, signing: { secret: 'whsec' } });
    assert.equal(headers['content-encoding'], 'gzip');
    assert.ok(body.length < batch.json.length);
    assert.deepEqual(gunzipSync(body), batch.json);
    const time = String(headers['webhook-timestamp']);
    assert.equal(headers['webhook-signature'], `sha256=${createHmac('sha256', 'whsec').update(`${time}.${batch.json.toString('utf8')}`).digest('hex')}`);
    assert.match(time, /^\d{10}$/, 'in seconds');
  });

  it('is never of another batch, though it was answered before all of it was sent: the connection is broken off', async () => {
    const large = batchOf(Array.from({ length: 4 }, (_, id) => event(String(id), { text: 'a'.repeat(8_000_000) })));
    const received: Buffer[] = [];
    const server = createTcpServer((socket) => {
      socket.on('data', (data) => received.push(data));
      socket.once('data', () => socket.pause().write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const destination = createWebhook('crm', webhookConfig(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { timeoutMs: 20_000 }));
    try {
      const sent = Buffer.from(large.json);
      assert.deepEqual(await destination.deliver(large, new AbortController().signal), { kind: 'delivered' });
      large.json.fill('b');
      const [socket] = await accepted;
      const closed = once(socket, 'close');
      socket.resume();
      await closed;
      const all = Buffer.concat(received);
      const body = all.subarray(all.indexOf('\r\n\r\n') + 4);
      assert(body.length < sent.length && body.equals(sent.subarray(0, body.length)));
    } finally {
      await destination.close();
      server.close();
    }
  });
});
