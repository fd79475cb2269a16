import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadConfiguration } from '../../../../src/config/index.js';
import { deliverBatch } from '../../../../src/destinations/deliver.js';
import type { SegmentDestinationConfig } from '../../../../src/destinations/segment/config.js';
import { runHook } from '../../../../src/destinations/segment/hook.js';
import { createSegmentDestination } from '../../../../src/destinations/segment/segment.js';
import type { JsonObject } from '../../../../src/domain/subscription.js';
import { segmentProblems } from '../../../../src/worker/segment-problems.js';
import { batchOf, event } from '../../../support/events.js';
import { Saas, segmentConfig } from '../../../support/segment.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const never = new AbortController().signal;
const secret = 'k3y-of-the-account';
const token = { oauth: { access_token: 'token-1', refresh_token: 'refresh-1' } };
const email = 'ada@example.com';

interface Arrival {
  readonly slug: string;
  readonly action: string;
  readonly settings: JsonObject;
  readonly record: JsonObject;
  readonly request: string;
  readonly authorization?: string;
  readonly body: unknown;
}

/** The last request of each, for two records where the action takes batches, and one where it doesn't. */
const arrivals: readonly Arrival[] = [
  { slug: 'webhook', action: 'send', settings: {}, record: { url: 'https://hooks.test/in', method: 'POST', data: { a: 1 } }, request: 'POST hooks.test/in', body: [{ a: 1 }, { a: 1 }] },
  { slug: 'slack', action: 'postToChannel', settings: {}, record: { url: 'https://hooks.slack.com/services/x', text: 'hi' }, request: 'POST hooks.slack.com/services/x', body: { text: 'hi' } },
  { slug: 'loops', action: 'createOrUpdateContact', settings: { apiKey: secret }, record: { email, userId: '1' }, request: 'PUT app.loops.so/api/v1/contacts/update', authorization: `Bearer ${secret}`, body: { email, userId: '1', mailingLists: {} } },
  { slug: 'june', action: 'identify', settings: { apiKey: secret }, record: { userId: '1', traits: { plan: 'pro' }, timestamp: '2026-01-01T00:00:00Z', messageId: 'm-1' }, request: 'POST api.june.so/api/identify', authorization: `Basic ${secret}`, body: { userId: '1', traits: { plan: 'pro' }, timestamp: '2026-01-01T00:00:00Z', messageId: 'm-1' } },
  { slug: 'sendgrid', action: 'updateUserProfile', settings: { sendGridApiKey: secret }, record: { identifiers: { email }, primary_email: email, enable_batching: true }, request: 'PUT api.sendgrid.com/v3/marketing/contacts', authorization: `Bearer ${secret}`, body: { contacts: [{ email, custom_fields: {} }, { email, custom_fields: {} }] } },
  { slug: 'klaviyo', action: 'upsertProfile', settings: { api_key: secret }, record: { email }, request: 'POST a.klaviyo.com/api/profile-bulk-import-jobs/', authorization: `Klaviyo-API-Key ${secret}`, body: { data: { type: 'profile-bulk-import-job', attributes: { profiles: { data: [{ type: 'profile', attributes: { email } }, { type: 'profile', attributes: { email } }] } } } } },
  { slug: 'braze', action: 'updateUserProfile', settings: { api_key: secret, app_id: 'app', endpoint: 'https://rest.iad-01.braze.com' }, record: { external_id: '1', email, enable_batching: true }, request: 'POST rest.iad-01.braze.com/users/track', authorization: `Bearer ${secret}`, body: { attributes: [{ external_id: '1', email }, { external_id: '1', email }] } },
  { slug: 'iterable', action: 'updateUser', settings: { apiKey: secret, dataCenterLocation: 'united_states' }, record: { email, dataFields: { plan: 'pro' } }, request: 'POST api.iterable.com/api/users/bulkUpdate', body: { users: [{ email, dataFields: { plan: 'pro' } }, { email, dataFields: { plan: 'pro' } }] } },
  { slug: 'hubspot', action: 'upsertContact', settings: token, record: { email }, request: 'POST api.hubapi.com/crm/v3/objects/contacts/batch/read', authorization: 'Bearer token-1', body: { properties: ['email', 'lifecyclestage', 'hs_additional_emails'], idProperty: 'email', inputs: [{ id: email }] } },
  { slug: 'intercom', action: 'trackEvent', settings: token, record: { event_name: 'bought', created_at: '2026-01-01T00:00:00Z', user_id: '1' }, request: 'POST api.intercom.io/events', authorization: 'Bearer token-1', body: { event_name: 'bought', created_at: 1767225600, user_id: '1' } },
  { slug: 'pipedrive', action: 'createUpdatePerson', settings: { domain: 'acme', apiToken: secret }, record: { match_value: '1', name: 'Ada' }, request: `POST acme.pipedrive.com/api/v1/persons?api_token=${secret}`, body: { name: 'Ada' } },
  { slug: 'amplitude', action: 'identifyUser', settings: { apiKey: secret, secretKey: secret }, record: { user_id: '1' }, request: 'POST api2.amplitude.com/identify', body: `api_key=${secret}&identification=%7B%22user_id%22%3A%221%22%2C%22library%22%3A%22segment%22%7D&options=undefined` },
];

const hook = (url = 'https://hooks.test/in', data: JsonObject = {}): JsonObject => ({ url, method: 'POST', data });
const free = { signal: never, beforeAttempt: () => Promise.resolve() };

const slackFile = `
workspace: {id: acme, plan: free}
sources: {warehouse: {type: postgres, url: "postgres://localhost/db"}}
models: {customers: {source: warehouse, query: select id from customers, identifier: id}}
destinations: {slack: {type: segment, slug: slack, action: postToChannel}}
subscriptions: {alerts: {model: customers, destination: slack, schedule: manual, mapping: {txt: hi, url: {"@literal": {a: 1}}, channel: {"@path": $.properties.channel}, username: 7}}}
`;

describe('a destination of type segment', () => {
  let saas: Saas;

  beforeEach(async () => {
    saas = await Saas.start();
  });
  afterEach(() => saas.close());

  for (const { slug, action, settings, record, request, authorization, body } of arrivals) {
    it(`brings records to ${slug} as Segment does`, async () => {
      const destination = createSegmentDestination('crm', segmentConfig(slug, action, { settings }));
      const staged = destination.limits.batchSize === 1 ? [event('1', record)] : [event('1', record), event('2', record)];
      const { records } = await deliverBatch(destination, batchOf(staged), free);
      assert.deepEqual(records, staged.map(() => ({ kind: 'succeeded' })));
      const last = saas.requests.at(-1);
      assert.equal(`${last?.method} ${last?.host}${last?.path}`, request);
      assert.deepEqual(last?.body, body);
      if (authorization !== undefined) assert.equal(last?.authorization, authorization);
    });
  }

  it('waits as long as Retry-After asks, and knows that a refused request took nothing', async () => {
    saas.answer = () => ({ status: 429, headers: { 'retry-after': '7' } });
    const answer = await createSegmentDestination('crm', segmentConfig('webhook', 'send')).deliver(batchOf([event('1', hook())]), never);
    assert.deepEqual(answer, { kind: 'unavailable', sent: false, retryAfterMs: 7_000, throttled: true, reason: 'the destination answered 429', code: '429' });
  });

  it('calls refused credentials what they are', async () => {
    saas.answer = () => ({ status: 401 });
    const loops = createSegmentDestination('crm', segmentConfig('loops', 'createOrUpdateContact', { settings: { apiKey: secret } }));
    assert.equal((await loops.deliver(batchOf([event('1', { email, userId: '1' })]), never)).kind, 'unauthorized');
    const webhook = createSegmentDestination('crm', segmentConfig('webhook', 'send'));
    assert.equal((await webhook.deliver(batchOf([event('1', hook())]), never)).kind, 'unauthorized');
  });

  it('fails a record that the schema of the action refuses, and sends the others of its batch', async () => {
    const destination = createSegmentDestination('crm', segmentConfig('klaviyo', 'upsertProfile', { settings: { api_key: secret } }));
    const { records } = await deliverBatch(destination, batchOf([event('1', { email }), event('2', { email: 'no address' }), event('3', { email })]), free);
    assert.deepEqual(records.map(({ kind }) => kind), ['succeeded', 'failed', 'succeeded']);
    assert.equal(JSON.stringify(saas.requests).includes('no address'), false);
  });

  it('finds the record for which a batch was refused', async () => {
    saas.answer = ({ body }) => ({ status: JSON.stringify(body).includes('bad') ? 400 : 200 });
    const staged = [1, 2, 3, 4].map((id) => event(String(id), hook(undefined, { id: id === 3 ? 'bad' : id })));
    const { records } = await deliverBatch(createSegmentDestination('crm', segmentConfig('webhook', 'send')), batchOf(staged), free);
    assert.deepEqual(records.map(({ kind }) => kind), ['succeeded', 'succeeded', 'failed', 'succeeded']);
    assert(records[2]?.kind === 'failed');
    assert.equal(records[2].code, '400');
  });

  it('makes no batch larger than the action takes or the configuration wants', () => {
    const settings = { api_key: secret, app_id: 'app', endpoint: 'https://rest.iad-01.braze.com' };
    const largest = (slug: string, action: string, changes: Partial<SegmentDestinationConfig>) => createSegmentDestination('crm', segmentConfig(slug, action, changes)).limits.batchSize;
    assert.deepEqual([500, 10].map((batchSize) => largest('braze', 'updateUserProfile2', { settings, batchSize })), [75, 10]);
    assert.equal(largest('slack', 'postToChannel', {}), 1);
  });

  it('sends only records together that agree in the batch keys of the action', async () => {
    const staged = ['a', 'a', 'b', 'b'].map((host, index) => event(String(index), hook(`https://${host}.test/in`, { index })));
    const { records } = await deliverBatch(createSegmentDestination('crm', segmentConfig('webhook', 'send')), batchOf(staged), free);
    assert.deepEqual(records.map(({ kind }) => kind), ['succeeded', 'succeeded', 'succeeded', 'succeeded']);
    assert.deepEqual(saas.requests.map(({ host, body }) => [host, body]), [['a.test', [{ index: 0 }, { index: 1 }]], ['b.test', [{ index: 2 }, { index: 3 }]]]);
  });

  it('refreshes an OAuth token that has expired, and keeps the new one', async () => {
    saas.answer = ({ path: asked, authorization }) => {
      if (asked.includes('oauth')) return { status: 200, body: { access_token: 'token-2' } };
      return { status: authorization === 'Bearer token-1' ? 401 : 200 };
    };
    const destination = createSegmentDestination('crm', segmentConfig('hubspot', 'upsertContact', { settings: token }));
    for (let batch = 0; batch < 2; batch++) await destination.deliver(batchOf([event('1', { email })]), never);
    assert.equal(saas.requests.filter(({ path: asked }) => asked.includes('oauth')).length, 1);
    assert.equal(saas.requests.at(-1)?.authorization, 'Bearer token-2');
    assert.equal(token.oauth.access_token, 'token-1');
  });

  describe('whose action has a hook', () => {
    const klaviyo = (hook: SegmentDestinationConfig['hook']) => segmentConfig('klaviyo', 'upsertProfile', { settings: { api_key: secret }, hook });

    it('has it make a list, and sends records to that list once the configuration knows it', async () => {
      saas.answer = ({ path: asked }) => (asked === '/api/lists' ? { status: 201, body: { data: { id: 'L1', attributes: { name: 'Customers' } } } } : { status: 202, body: { data: { id: 'job' } } });
      const inputs = { list_name: 'Customers' };
      const { message, outputs } = await runHook('crm', klaviyo({ inputs, outputs: null }), never);
      assert.deepEqual([message, outputs], ["List 'Customers' (id: L1) created successfully!", { id: 'L1', name: 'Customers' }]);
      assert.deepEqual(saas.requests.map(({ method, path: asked, body }) => [method, asked, body]), [['POST', '/api/lists', { data: { type: 'list', attributes: { name: 'Customers' } } }]]);
      const { records } = await deliverBatch(createSegmentDestination('crm', klaviyo({ inputs, outputs })), batchOf([event('1', { email }), event('2', { email })]), free);
      assert.deepEqual(records, [{ kind: 'succeeded' }, { kind: 'succeeded' }]);
      assert.match(JSON.stringify(saas.requests.at(-1)?.body), /"relationships":\{"lists":\{"data":\[\{"type":"list","id":"L1"\}\]\}\}/);
    });

    it('tells why the hook failed, without the credentials', async () => {
      saas.answer = () => ({ status: 403, body: { errors: [{ detail: `the key ${secret} may not do that` }] } });
      await assert.rejects(runHook('crm', klaviyo({ inputs: { list_identifier: 'L1' }, outputs: null }), never), { message: 'the hook of destination "crm" failed: the key [hidden] may not do that' });
      await assert.rejects(runHook('crm', klaviyo(null), never), /failed: Missing audience name value/);
    });

    it('has it find a table by its own credentials, and sends records to that table, with a token of their own', async () => {
      const settings = { subdomain: 'mc', client_id: 'id', client_secret: secret, account_id: '1' };
      saas.answer = ({ path: asked, authorization }) => {
        if (asked === '/v2/token') return { status: 200, body: { access_token: 'token-1' } };
        if (authorization !== 'Bearer token-1') return { status: 401 };
        return { status: 200, body: asked.startsWith('/data/') ? { id: 'D1', name: 'Customers' } : [] };
      };
      const config = (hook: SegmentDestinationConfig['hook']) => segmentConfig('salesforce-marketing-cloud', 'dataExtensionV2', { settings, hook });
      const inputs = { operation: 'select', dataExtensionId: 'D1' };
      const { outputs } = await runHook('crm', config({ inputs, outputs: null }), never);
      assert.deepEqual(outputs, { id: 'D1', name: 'Customers' });
      const { records } = await deliverBatch(createSegmentDestination('crm', config({ inputs, outputs })), batchOf([event('1', { keys: { id: '1' }, values: { email } })]), free);
      assert.deepEqual(records, [{ kind: 'succeeded' }]);
      assert.match(saas.requests.at(-1)?.path ?? '', /D1/);
    });

    it('is refused while what the action needs of it is missing, or what it does not know is there', () => {
      const extension = (hook: SegmentDestinationConfig['hook']) => () => createSegmentDestination('crm', segmentConfig('salesforce-marketing-cloud', 'dataExtensionV2', { settings: { subdomain: 'mc', client_id: 'id', client_secret: secret, account_id: '1' }, hook }));
      assert.throws(extension(null), /hook\.outputs: id, name missing, the action "dataExtensionV2" can't do without: run `sluice hook crm`/);
      assert.doesNotThrow(extension({ inputs: {}, outputs: { id: 'D1', name: 'Customers' } }));
      assert.throws(extension({ inputs: { nme: 'x' }, outputs: { id: 'D1', name: 'Customers', key: 'x' } }), /hook\.inputs: unknown key "nme".*hook\.outputs: unknown key "key", expected one of id, name/s);
      assert.throws(() => createSegmentDestination('crm', segmentConfig('webhook', 'send', { hook: { inputs: {}, outputs: {} } })), /hook: the action "send" has none/);
    });

    it('is another destination with another list', () => {
      const identity = (id: string) => createSegmentDestination('crm', klaviyo({ inputs: {}, outputs: { id } })).identity;
      assert.notEqual(identity('L1'), identity('L2'));
    });
  });

  it('tells the action its sync mode', async () => {
    const settings = { api_key: secret, app_id: 'app', endpoint: 'https://rest.iad-01.braze.com' };
    const destination = createSegmentDestination('crm', segmentConfig('braze', 'updateUserProfile2', { settings, syncMode: 'update' }));
    await destination.deliver(batchOf([event('1', { external_id: '1', enable_batching: true })]), never);
    assert.match(JSON.stringify(saas.requests.at(-1)?.body), /"_update_existing_only":true/);
  });

  it('ends a request that takes longer than the timeout, whose records may have arrived', async () => {
    saas.answer = () => 'silence';
    const destination = createSegmentDestination('crm', segmentConfig('webhook', 'send', { timeoutMs: 200 }));
    const answer = await destination.deliver(batchOf([event('1', hook())]), never);
    assert.deepEqual(answer, { kind: 'unavailable', sent: true, retryAfterMs: null, reason: 'the destination did not answer in time' });
    while (saas.abandoned === 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it('is checked by its own test of the credentials, without a record, and shows none of them', async () => {
    const check = (slug: string, action: string, settings: JsonObject) => createSegmentDestination('crm', segmentConfig(slug, action, { settings })).check?.(never);
    const [settings, credentials] = [{ what: 'takes its settings', problem: null }, 'lets Sluice in, as its own test of the credentials says'];
    assert.deepEqual(await check('klaviyo', 'upsertProfile', { api_key: secret }), [settings, { what: credentials, problem: null }]);
    assert.deepEqual(saas.requests.map(({ method, path }) => `${method} ${path}`), ['GET /api/accounts/']);
    saas.answer = ({ authorization = '' }) => ({ status: 401, body: { detail: authorization } });
    assert.deepEqual(await check('klaviyo', 'upsertProfile', { api_key: secret }), [settings, { what: credentials, problem: '401 Unauthorized' }]);
    assert.deepEqual(await check('hubspot', 'upsertContact', token), [{ what: 'takes its settings; whether it lets Sluice in shows with the first record', problem: null }]);
    assert.equal(saas.requests.length, 2, 'an expired token is none that is wrong');
  });

  it('is refused with the key that is wrong, and no value', () => {
    const create = (slug: string, action: string, settings: JsonObject, changes = {}) => () => createSegmentDestination('crm', segmentConfig(slug, action, { settings, ...changes }));
    assert.throws(create('klavio', 'upsertProfile', {}), /slug: @segment\/action-destinations has no destination "klavio"/);
    assert.throws(create('../lib', 'send', {}), /slug/);
    assert.throws(create('webhook', 'sent', {}), /action: .* has no action "sent", expected one of send/);
    assert.throws(create('klaviyo', 'upsertProfile', {}), /settings: .*api_key/);
    assert.throws(create('webhook', 'send', {}, { syncMode: 'add' }), /syncMode: the action "send" knows no sync modes/);
  });

  it('is another destination with another account, and the same with another credential', () => {
    const identity = (domain: string, apiToken: string) => createSegmentDestination('crm', segmentConfig('pipedrive', 'createUpdatePerson', { settings: { domain, apiToken } })).identity;
    assert.equal(identity('acme', 'one-token'), identity('acme', 'other-token'));
    assert.notEqual(identity('acme', 'one-token'), identity('globex', 'one-token'));
  });

  it('has the mappings to it checked against the action\'s fields, offline', async () => {
    const folder = await temporaryFolder();
    try {
      const file = path.join(folder.path, 'sluice.yaml');
      await writeFile(file, slackFile);
      const problems = segmentProblems(await loadConfiguration(file, {}), {});
      const mapping = ['subscriptions', 'alerts', 'mapping'];
      assert.deepEqual(problems, [
        { path: [...mapping, 'txt'], message: 'unknown key, did you mean "text"?' },
        { path: mapping, message: '"text" is missing, the action requires it' },
        { path: [...mapping, 'url'], message: 'Webhook URL must be a string but it was an object.' },
      ]);
      assert.deepEqual(saas.requests, []);
    } finally {
      await folder.remove();
    }
  });
});
