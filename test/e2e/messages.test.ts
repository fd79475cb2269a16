import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { SubscriptionStatus } from '../../src/client/index.js';
import { defaultCacheFolder, findTemporalCli } from '../../src/devserver/temporal-cli.js';
import { RefusedError, WrongOwnerError } from '../../src/errors/errors.js';
import type { RunningWorker } from '../../src/worker/worker.js';
import { createRig, eventually, modelState, receivedState, subscribeTo, type Rig, type Subscribed } from '../support/sluice.js';

describe('messages to a subscription', () => {
  let rig: Rig;
  let people: Subscribed;
  before(async () => {
    rig = await createRig();
    await rig.startWorker();
    people = await rig.subscribe(50);
  });
  after(() => rig.stop());
  afterEach(() => rig.receiver.endScript());

  const syncsUntilNow = async (): Promise<number> => (await rig.client.recentSyncs(people.id)).length;
  const signal = (name: string, ...args: unknown[]): Promise<void> => rig.temporal.workflow.getHandle(`sync/${people.id}`).signal(name, ...args);
  const untilStatus = (what: string, holds: (status: SubscriptionStatus) => boolean): Promise<void> => eventually(what, async () => holds(await people.status()));
  /** A sync that takes a second, because one record changed and the destination is slow. Resolves while it runs. */
  const startSlowSync = async (): Promise<number> => {
    await rig.database.query(`UPDATE ${people.table} SET score = score + 1 WHERE id = 1`);
    rig.receiver.next({ kind: 'delay', ms: 1_000 });
    const request = await people.request();
    await untilStatus('it syncs', ({ currentSync }) => currentSync !== null);
    return request;
  };

  it('start a sync while it is idle, and the answer comes before the sync', async () => {
    const request = await people.request();
    assert.equal(request, 1);
    const result = await rig.client.waitForSync(people.id, request);
    assert.deepEqual([result.syncId, result.trigger, result.status], [`${people.id}-1`, 'manual', 'succeeded']);
    const { state, lastSync, nextSyncAt } = await people.status();
    assert.deepEqual([state, lastSync, nextSyncAt], ['idle', result, null]);
  });

  it('start one more sync afterwards when one is running, which all of them share', async () => {
    const before = await syncsUntilNow();
    await startSlowSync();
    const requests = [await people.request(), await people.request()];
    await signal('syncNow');
    requests.push(await people.request());
    const results = await Promise.all(requests.map((request) => rig.client.waitForSync(people.id, request)));
    assert.equal(new Set(results.map((result) => result.syncId)).size, 1);
    await untilStatus('it is idle', ({ state }) => state === 'idle');
    assert.equal(await syncsUntilNow(), before + 2);
  });

  it('reset it after the sync under way, and its status says so until everything was sent again', async () => {
    const request = await startSlowSync();
    await signal('resetSync');
    await untilStatus('it shows at once', ({ resetPending, currentSync }) => resetPending && currentSync !== null);
    assert.equal((await rig.client.waitForSync(people.id, request)).succeeded, 1);
    await untilStatus('it is idle', ({ state }) => state === 'idle');
    assert.equal((await people.status()).resetPending, true);
    rig.receiver.next({ kind: 'answer', status: 401 });
    assert.deepEqual([(await people.sync()).notSent, (await people.status()).resetPending], [50, true]);
    assert.equal((await people.sync()).succeeded, 50);
    assert.equal((await people.status()).resetPending, false);
  });

  it('of the plain Temporal CLI start a sync', async () => {
    const before = await syncsUntilNow();
    const cli = await findTemporalCli({ cacheFolder: defaultCacheFolder(), log: () => undefined });
    const where = ['--address', rig.address, '--namespace', rig.namespace, '--workflow-id', `sync/${people.id}`];
    await promisify(execFile)(cli, ['workflow', 'signal', '--name', 'syncNow', ...where]);
    await eventually('one more sync has ended', async () => (await syncsUntilNow()) === before + 1);
  });

  it('are refused with the reason while it is paused, and start nothing later', async () => {
    const before = await syncsUntilNow();
    await rig.client.pause(people.id);
    await untilStatus('it is paused', ({ state }) => state === 'paused');
    const reason = `subscription "${people.id}" is paused: resume it first (sluice resume ${people.id})`;
    assert.deepEqual(await rig.client.requestSync(people.id), { accepted: false, reason });
    await signal('syncNow');
    await untilStatus('the refusal shows', ({ lastRefusal }) => lastRefusal === reason);
    await rig.client.resume(people.id);
    await untilStatus('it is idle', ({ state }) => state === 'idle');
    assert.equal(await syncsUntilNow(), before);
    await people.sync();
    await signal('syncNow');
    await untilStatus('the refusal is forgotten after an accepted signal', ({ lastRefusal, state }) => lastRefusal === null && state === 'idle');
  });

  it('to pause let a running sync end, and keep the next one from starting', async () => {
    const running = await startSlowSync();
    const next = await people.request();
    await rig.client.pause(people.id);
    assert.equal((await rig.client.waitForSync(people.id, running)).status, 'succeeded');
    const paused = await people.status();
    assert.deepEqual([paused.state, paused.requests], ['paused', { accepted: next, served: running }]);
    await rig.client.resume(people.id);
    assert.equal((await rig.client.waitForSync(people.id, next)).status, 'succeeded');
  });

  it('to configure take effect from the next sync, not in the one that runs', async () => {
    const running = await startSlowSync();
    await rig.client.apply({ ...rig.configuration, subscriptions: { [people.id]: { ...people.subscription, mapping: { mapped: { '@path': '$.properties.name' } } } } });
    const request = await people.request();
    await rig.client.waitForSync(people.id, running);
    assert.equal(rig.receiver.taken.other, 0);
    await rig.database.query(`UPDATE ${people.table} SET name = 'someone' WHERE id = 2`);
    await rig.client.waitForSync(people.id, request);
    await people.sync();
    assert.equal(rig.receiver.taken.other, 1);
    await subscribeTo(rig, people.subscription);
  });

  it('to configure are refused when the configuration is bad, which changes nothing', async () => {
    const bad: Record<string, unknown> = {
      'a schedule below the limit': { ...people.subscription, schedule: { kind: 'interval', everyMs: 14 * 60_000 } },
      'an unknown key': { ...people.subscription, sheduel: 'manual' },
      'no subscription at all': 42,
      'another subscription': { ...people.subscription, id: 'other' },
    };
    for (const [what, configuration] of Object.entries(bad)) {
      await signal('configure', configuration);
      await untilStatus(`${what} is refused`, ({ lastRefusal }) => lastRefusal?.startsWith('configuration refused: ') === true);
      await signal('syncNow');
      await untilStatus('it syncs as before', ({ lastRefusal, state }) => lastRefusal === null && state === 'idle');
    }
    const plan = await rig.client.plan({ ...rig.configuration, subscriptions: { [people.id]: people.subscription } });
    assert.deepEqual(plan, [{ kind: 'unchanged', subscriptionId: people.id }]);
  });

  it('to a subscription that nobody started are refused with what to do', async () => {
    await assert.rejects(rig.client.requestSync('nobody'), (error) => error instanceof RefusedError && error.message.includes('"nobody" is not running: run `sluice apply` first'));
    await assert.rejects(rig.client.pause('nobody'), RefusedError);
  });
});

describe('apply', () => {
  let rig: Rig;
  let worker: RunningWorker;
  before(async () => (rig = await createRig()));
  after(() => rig.stop());

  const wanted = (changes: Partial<Rig['subscription']> = {}): Rig['configuration'] => ({
    ...rig.configuration,
    subscriptions: { people_to_crm: { ...rig.subscription, model: { ...rig.subscription.model, query: 'select * from people_to_crm' }, ...changes } },
  });

  it('needs no worker, and what it started runs once one comes', async () => {
    assert.deepEqual(await rig.client.plan(wanted()), [{ kind: 'start', subscriptionId: 'people_to_crm' }]);
    await rig.subscribe(20, { id: 'people_to_crm', schedule: { kind: 'interval', everyMs: 3_600_000 } });
    await rig.client.pause('people_to_crm');
    await rig.client.resume('people_to_crm');
    assert.deepEqual(await rig.client.plan(wanted({ schedule: { kind: 'interval', everyMs: 3_600_000 } })), [{ kind: 'unchanged', subscriptionId: 'people_to_crm' }]);
    worker = await rig.startWorker();
    await eventually('the first sync has ended', async () => (await rig.client.recentSyncs('people_to_crm')).length === 1);
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, 'people_to_crm'));
  });

  it('takes back what was applied before, though nobody has adopted that yet', async () => {
    await worker.stop();
    const hourly = wanted({ schedule: { kind: 'interval', everyMs: 3_600_000 } });
    await rig.client.apply({ ...wanted({ syncMode: 'delete' }), workspace: { ...rig.configuration.workspace, countFailed: false } });
    await rig.client.apply(hourly);
    await rig.startWorker();
    const answer = await rig.client.requestSync('people_to_crm');
    assert.ok(answer.accepted);
    await rig.client.waitForSync('people_to_crm', answer.request);
    assert.deepEqual(await rig.client.plan(hourly), [{ kind: 'unchanged', subscriptionId: 'people_to_crm' }]);
  });

  it('configures what differs, by field, and finds nothing to do afterwards', async () => {
    assert.deepEqual(await rig.client.apply(wanted({ syncMode: 'upsert' })), [{ kind: 'configure', subscriptionId: 'people_to_crm', fields: ['syncMode', 'schedule'] }]);
    await eventually('the plan is empty', async () => (await rig.client.plan(wanted({ syncMode: 'upsert' })))[0]?.kind === 'unchanged');
  });

  it('disables what the configuration no longer has, which then refuses requests until it is back', async () => {
    assert.deepEqual(await rig.client.apply({ ...rig.configuration, subscriptions: {} }), [{ kind: 'disable', subscriptionId: 'people_to_crm' }]);
    await eventually('it is disabled', async () => (await rig.client.status('people_to_crm')).state === 'disabled');
    const reason = 'subscription "people_to_crm" is disabled: set enabled: true in its configuration and apply it';
    assert.deepEqual(await rig.client.requestSync('people_to_crm'), { accepted: false, reason });
    assert.deepEqual(await rig.client.plan({ ...rig.configuration, subscriptions: {} }), [{ kind: 'unchanged', subscriptionId: 'people_to_crm' }]);
    // No wait in between: a request is judged by the configuration that was applied before it.
    await rig.client.apply(wanted());
    assert.equal((await rig.client.requestSync('people_to_crm')).accepted, true);
  });

  it('of another workspace is refused, and changes nothing', async () => {
    const other = { ...wanted({ syncMode: 'delete' }), workspace: { ...rig.configuration.workspace, id: 'other' } };
    const sentence = `namespace "${rig.namespace}" belongs to workspace "test", not "other": each workspace needs a namespace of its own`;
    for (const call of ['apply', 'plan'] as const) {
      await assert.rejects(rig.client[call](other), (error) => error instanceof WrongOwnerError && error.message === sentence);
    }
    assert.deepEqual(await rig.client.plan(wanted()), [{ kind: 'unchanged', subscriptionId: 'people_to_crm' }]);
  });
});
