import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import getPort from 'get-port';
import type { DeliveryAnswer } from '../../../src/destinations/destination.js';
import type { WebhookConfig } from '../../../src/destinations/webhook/config.js';
import { createWebhook } from '../../../src/destinations/webhook/webhook.js';
import { ConfigurationError } from '../../../src/errors/errors.js';
import { batchOf, events } from '../../support/events.js';
import { Receiver, type ReceiverOptions } from '../../support/receiver.js';
import { webhookConfig } from '../../support/webhook.js';

const never = new AbortController().signal;
const basic = `Basic ${Buffer.from('ann:s3cr%t').toString('base64')}`;

describe('the webhook destination', () => {
  let receiver: Receiver;
  afterEach(() => receiver.close());

  /** Sends `count` records once to a fresh receiver. */
  async function send(count: number, prepare?: (receiver: Receiver) => void, changes: (url: string) => Partial<WebhookConfig> = () => ({}), options: ReceiverOptions = {}): Promise<DeliveryAnswer> {
    receiver = await Receiver.start(options);
    prepare?.(receiver);
    const destination = createWebhook('crm', webhookConfig(receiver.url, changes(receiver.url)));
    try {
      return await destination.deliver(batchOf(events(count)), never);
    } finally {
      await destination.close();
    }
  }
  const answering = (status: number, body = '', headers: Record<string, string> = {}) => send(3, (r) => r.next({ kind: 'answer', status, body, headers }));

  describe('takes an answer of', () => {
    for (const status of [200, 201, 202, 204]) {
      it(`${status} for delivered`, async () => {
        assert.deepEqual(await answering(status), { kind: 'delivered' });
      });
    }
    for (const status of [408, 425, 429, 500, 502, 503, 504]) {
      const sent = status === 502 || status === 504;
      it(`${status} for unavailable and ${sent ? 'perhaps taken behind the gateway that says so' : 'not sent'}`, async () => {
        const expected = { kind: 'unavailable', sent, retryAfterMs: null, reason: `the destination answered ${status}`, code: String(status) };
        assert.deepEqual(await answering(status, 'customer 0 is busy'), status === 429 ? { ...expected, throttled: true } : expected);
      });
    }
    for (const status of [400, 404, 409, 413, 422]) {
      it(`${status} for refused, in the destination’s words`, async () => {
        assert.deepEqual(await answering(status, '{"error":"no"}'), { kind: 'refused', reason: `${status} {"error":"no"}`, code: String(status) });
      });
    }
    for (const status of [401, 403]) {
      it(`${status} for refused credentials, without quoting it`, async () => {
        const reason = `the destination answered ${status}: it refuses the credentials; check them in the configuration`;
        assert.deepEqual(await answering(status, 'record 0 is secret'), { kind: 'unauthorized', reason });
      });
    }
    for (const status of [301, 302, 307, 308]) {
      it(`${status} for an end of the sync, and does not follow it`, async () => {
        const answer = await answering(status, '', { location: '/elsewhere' });
        assert(answer.kind === 'unauthorized' && answer.reason.includes('redirects are not followed'));
        assert.equal(receiver.requests.length, 1);
      });
    }
  });

  describe('honours Retry-After', () => {
    it('in seconds', async () => {
      const answer = await answering(429, '', { 'retry-after': '17' });
      assert(answer.kind === 'unavailable' && answer.retryAfterMs === 17_000);
    });

    it('as a date', async () => {
      const answer = await answering(503, '', { 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
      assert(answer.kind === 'unavailable' && answer.retryAfterMs !== null);
      assert(answer.retryAfterMs > 55_000 && answer.retryAfterMs <= 60_000);
    });

    it('as a date that has passed', async () => {
      const answer = await answering(503, '', { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' });
      assert(answer.kind === 'unavailable' && answer.retryAfterMs === 0);
    });

    it('but not nonsense', async () => {
      const answer = await answering(503, '', { 'retry-after': 'soon' });
      assert(answer.kind === 'unavailable' && answer.retryAfterMs === null);
    });
  });

  describe('reads answers for each record', () => {
    const results = (...entries: { id: number; [key: string]: unknown }[]) => {
      return answering(200, JSON.stringify({ ok: true, results: entries.map(({ id, ...rest }) => ({ messageId: `customers_to_crm-1-${id}`, ...rest })) }));
    };

    it('in whatever order they come', async () => {
      assert.deepEqual(await results({ id: 2, status: 422, error: 'no plan' }, { id: 0, status: 200 }, { id: 1, status: 503, error: { code: 'busy' } }), {
        kind: 'answered',
        records: [{ kind: 'delivered' }, { kind: 'retry', reason: '503 {"code":"busy"}', code: '503' }, { kind: 'failed', reason: '422 no plan', code: '422' }],
      });
    });

    it('with words as statuses', async () => {
      assert.deepEqual(await results({ id: 0, status: 'OK' }, { id: 1, status: 'retry', error: null }, { id: 2, status: 'error', error: 'bad e-mail' }), {
        kind: 'answered',
        records: [{ kind: 'delivered' }, { kind: 'retry', reason: 'retry' }, { kind: 'failed', reason: 'error bad e-mail' }],
      });
    });

    it('and sends those again that are not listed, or listed without a status', async () => {
      const retry = { kind: 'retry', reason: 'the answer has no status for this record' };
      assert.deepEqual(await results({ id: 1, status: '201' }, { id: 2 }), { kind: 'answered', records: [retry, { kind: 'delivered' }, retry] });
    });

    it('and takes no record for delivered when it lists none of ours', async () => {
      const answer = await answering(200, '{"results":[{"messageId":"other","ok":true}]}');
      assert(answer.kind === 'answered' && answer.records.every((record) => record.kind === 'retry'));
    });

    it('but takes other documents with results for delivered', async () => {
      assert.deepEqual(await answering(200, '{"status":"COMPLETE","results":[{"id":"5"}]}'), { kind: 'delivered' });
      await receiver.close();
      assert.deepEqual(await answering(200, 'all "results" are in'), { kind: 'delivered' });
    });

    it('and never guesses about results that are too long to read', async () => {
      const answer = await answering(200, JSON.stringify({ results: [{ messageId: 'x', status: 422, error: 'x'.repeat(2_000_000) }] }));
      assert(answer.kind === 'unavailable' && answer.sent);
    });
  });

  it('takes a long answer that is no list of results for delivered, and uses the connection again', async () => {
    receiver = await Receiver.start();
    receiver.next({ kind: 'take', status: 200, body: 'x'.repeat(3_000_000) });
    const destination = createWebhook('crm', webhookConfig(receiver.url, { concurrency: 1, timeoutMs: 5_000 }));
    assert.deepEqual(await destination.deliver(batchOf(events(1)), never), { kind: 'delivered' });
    assert.deepEqual(await destination.deliver(batchOf(events(1)), never), { kind: 'delivered' });
    assert.equal(receiver.connections, 1);
    await destination.close();
  });

  describe('tells what may have been sent from what was not', () => {
    it('when nobody listens', async () => {
      const port = await getPort();
      const answer = await send(1, undefined, () => ({ url: `http://127.0.0.1:${port}/` }));
      assert.deepEqual(answer, { kind: 'unavailable', sent: false, retryAfterMs: null, reason: `no connection to http://127.0.0.1:${port} (ECONNREFUSED)` });
    });

    it('when the name does not resolve', async () => {
      const answer = await send(1, undefined, () => ({ url: 'http://nowhere.invalid/', timeoutMs: 5_000 }));
      assert(answer.kind === 'unavailable' && !answer.sent);
    });

    it('when the server does not speak TLS', async () => {
      const answer = await send(1, undefined, (url) => ({ url: url.replace('http:', 'https:') }));
      assert(answer.kind === 'unavailable' && !answer.sent);
    });

    for (const when of ['before_reading', 'after_reading', 'after_taking'] as const) {
      it(`when the connection breaks ${when.replace('_', ' ')}`, async () => {
        const answer = await send(1, (r) => r.next({ kind: 'break', when }));
        assert(answer.kind === 'unavailable' && answer.sent && answer.reason.includes('broke the connection'));
      });
    }

    it('when the answer is no HTTP', async () => {
      receiver = await Receiver.start();
      const server = createServer((socket) => socket.on('data', () => socket.end('hello\r\n\r\n')).on('error', () => socket.destroy()));
      const port = await getPort();
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      const destination = createWebhook('crm', webhookConfig(`http://127.0.0.1:${port}/`));
      const answer = await destination.deliver(batchOf(events(1)), never);
      assert(answer.kind === 'unavailable' && answer.sent);
      await destination.close();
      await new Promise((resolve) => server.close(resolve));
    });
  });

  describe('keeps secrets out of reasons', () => {
    const secretive = (url: string): Partial<WebhookConfig> => ({
      url: url.replace('http://', 'http://ann:s3cr%25t@') + '?api_token=tok%2Den&list=7777',
      headers: { 'X-Api-Key': 'key-12345', 'x-auth': 'Bearer tok-67890' },
      signing: { secret: 'whsec-abc' },
    });

    it('even when the answer repeats all of them', async () => {
      const echo = `bad: ann:s3cr%t s3cr%25t ${basic} key-12345 tok-67890 tok-en tok%2Den whsec-abc`;
      const answer = await send(1, (r) => r.next({ kind: 'answer', status: 400, body: echo }), secretive);
      assert(answer.kind === 'refused');
      for (const secret of ['s3cr', 'key-1', '67890', 'tok-en', '%2D', 'whsec', basic.slice(6)]) assert(!answer.reason.includes(secret), secret);
    });

    it('and shortens them to one line', async () => {
      const answer = await send(1, (r) => r.next({ kind: 'answer', status: 400, body: `a\n\u0000\u001b[31mb${'x'.repeat(500)}` }));
      assert(answer.kind === 'refused');
      assert.match(answer.reason, /^400 a \[31mbx{189}…$/);
    });

    it('and none from the URL when nobody answers', async () => {
      const port = await getPort();
      const answer = await send(1, undefined, () => ({ url: `http://ann:s3cr%25t@127.0.0.1:${port}/hook/private?api_token=token-1` }));
      assert(answer.kind === 'unavailable');
      assert.equal(answer.reason, `no connection to http://127.0.0.1:${port} (ECONNREFUSED)`);
    });
  });

  it('sends method, path, query, headers and the URL’s credentials as configured', async () => {
    const answer = await send(1, undefined, (url) => ({ url: `${url.replace('http://', 'http://ann:s3cr%25t@')}?list=7#x`, method: 'PUT', headers: { 'X-Team': 'growth', 'Content-Type': 'text/plain' } }), { authorization: basic });
    assert.deepEqual(answer, { kind: 'delivered' });
    const request = receiver.requests[0];
    assert.deepEqual([request?.method, request?.path, request?.headers['x-team'], request?.headers['content-type']], ['PUT', '/records?list=7', 'growth', 'application/json']);
  });

  it('signs what it sends, so that another secret is noticed', async () => {
    assert.deepEqual(await send(2, undefined, () => ({ signing: { secret: 'right' } }), { signingSecret: 'right' }), { kind: 'delivered' });
    await receiver.close();
    assert.equal((await send(2, undefined, () => ({ signing: { secret: 'wrong' } }), { signingSecret: 'right' })).kind, 'unauthorized');
  });

  it('keeps its connections', async () => {
    receiver = await Receiver.start();
    const destination = createWebhook('crm', webhookConfig(receiver.url, { concurrency: 2 }));
    for (let round = 0; round < 5; round++) await Promise.all([1, 2].map(() => destination.deliver(batchOf(events(10)), never)));
    assert(receiver.connections <= 2);
    await destination.close();
  });
});

describe('a webhook’s identity', () => {
  const identityOf = (url: string, changes: Partial<WebhookConfig> = {}, name = 'crm') => createWebhook(name, webhookConfig(url, changes)).identity;
  const original = identityOf('https://ann:one@crm.example/hook?list=7&api_token=one');

  it('is a digest', () => {
    assert.match(original, /^[0-9a-f]{64}$/);
  });

  it('stays when credentials, headers, limits or signing change', () => {
    const changes: Partial<WebhookConfig> = { headers: { authorization: 'Bearer two' }, batchSize: 1, gzip: true, signing: { secret: 'two' }, method: 'PUT' };
    assert.equal(identityOf('https://bob:two@crm.example/hook?list=7&api_token=two', changes), original);
  });

  it('changes with name, host, path and query', () => {
    const others = [
      identityOf('https://crm.example/hook?list=7&api_token=one', {}, 'crm2'),
      identityOf('https://crm2.example/hook?list=7&api_token=one'),
      identityOf('https://crm.example/hook2?list=7&api_token=one'),
      identityOf('https://crm.example/hook?list=8&api_token=one'),
    ];
    assert.equal(new Set([...others, original]).size, 5);
  });
});

describe('a webhook’s configuration', () => {
  for (const url of ['crm.example', 'ftp://crm.example/', '']) {
    it(`is refused with the URL “${url}”`, () => {
      assert.throws(() => createWebhook('crm', webhookConfig(url)), ConfigurationError);
    });
  }

  for (const [header, value] of [['x-token', 'secret\nx'], ['bad name', 'secret'], ['Content-Length', '3']] as const) {
    it(`is refused with the header “${header}”, without quoting its value`, () => {
      assert.throws(
        () => createWebhook('crm', webhookConfig('http://127.0.0.1/', { headers: { [header]: value } })),
        (error) => error instanceof ConfigurationError && error.message.includes(header) && !error.message.includes('secret'),
      );
    });
  }
});
