import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { Context } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { rateOffice } from '../../activities/rate-office.js';
import type { SyncResult } from '../../src/client/index.js';
import { startWorker } from '../../src/worker/worker.js';
import { Receiver, type ReceivedRequest } from '../support/receiver.js';
import { createPeople, createRig, eventually, modelState, receivedState, subscribeTo, type Rig } from '../support/sluice.js';

const limit = { records: 200, perMs: 1_000 };

describe('a destination that several workers and subscriptions send to', function () {
  this.timeout(60_000);
  let rig: Rig;
  let stopOther: () => Promise<void>;
  let rounds = 0;
  before(async () => {
    rig = await createRig({ destination: { rateLimit: limit, batchSize: 50, concurrency: 2, timeoutMs: 5_000, giveUpAfterMs: 40_000 } });
    const { configuration, address, namespace } = rig;
    await rig.startWorker();
    const other = await startWorker({ configuration, env: {}, address, namespace });
    stopOther = () => other.stop();
  });
  after(async () => {
    await stopOther();
    await rig.stop();
  });

  /** Several subscriptions at once, each on a table of its own. */
  const subscribe = async (rows: readonly number[]): Promise<readonly string[]> => {
    rounds += 1;
    const ids = rows.map((_, index) => `many_${rounds}_${index}`);
    for (const [index, count] of rows.entries()) await createPeople(rig.database, count, ids[index]);
    const subscriptions = ids.map((id) => ({ ...rig.subscription, id, model: { ...rig.subscription.model, query: `select * from ${id}` } }));
    rig.receiver.requests.length = 0;
    await rig.client.apply({ ...rig.configuration, subscriptions: Object.fromEntries(subscriptions.map((subscription) => [subscription.id, subscription])) });
    return ids;
  };

  const sync = async (id: string): Promise<SyncResult> => {
    const answer = await rig.client.requestSync(id);
    assert.ok(answer.accepted);
    return rig.client.waitForSync(id, answer.request);
  };

  const pendingReasons = async (id: string): Promise<readonly string[]> => {
    const described = await rig.temporal.workflow.getHandle(`sync/${id}/1`).describe().catch(() => null);
    return (described?.raw.pendingActivities ?? []).map(({ lastFailure }) => lastFailure?.message ?? '');
  };

  const mostWithin = (requests: readonly ReceivedRequest[], ms: number): number =>
    Math.max(...requests.map(({ atMs: fromMs }) => requests.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + ms).reduce((sum, { records }) => sum + records, 0)));

  it('never gets more than its limit in any time, and everyone gets through', async () => {
    const people = await subscribe([600, 600]);
    const startedAt = performance.now();
    const results = await Promise.all(people.map(sync));
    const seconds = (performance.now() - startedAt) / 1_000;
    assert.deepEqual(results.map(({ status, succeeded }) => [status, succeeded]), [['succeeded', 600], ['succeeded', 600]]);
    const most = mostWithin(rig.receiver.requests, limit.perMs);
    assert.ok(most <= limit.records, `${most} records within ${limit.perMs} ms`);
    assert.ok(seconds < 45, `${seconds.toFixed(1)} s for what takes 6 s at least`);
  });

  it('is left alone by all of them after it asked for that, which takes up no place on any worker and fails nothing', async () => {
    const people = await subscribe([300, 300]);
    rig.receiver.next({ kind: 'answer', status: 429, headers: { 'retry-after': '14' } });
    const syncs = people.map(sync);
    await eventually('one is told', () => rig.receiver.requests.some(({ status }) => status === 429));
    const toldAt = rig.receiver.requests.find(({ status }) => status === 429)?.atMs ?? 0;
    await eventually('all loads wait outside', async () => {
      const reasons = (await Promise.all(people.map(pendingReasons))).flat();
      return reasons.length > 0 && reasons.every((reason) => /asked for a pause|used up/.test(reason));
    });
    const results: readonly SyncResult[] = await Promise.all(syncs);
    // Leases that others hold run out within seconds.
    const tooEarly = rig.receiver.requests.filter(({ atMs }) => atMs > toldAt + 3_500 && atMs < toldAt + 13_900);
    assert.deepEqual(tooEarly, []);
    assert.deepEqual(results.map(({ status, succeeded, failed, notSent }) => [status, succeeded, failed, notSent]), [['succeeded', 300, 0, 0], ['succeeded', 300, 0, 0]]);
    assert.equal(rig.receiver.taken.repeated, 0);
  });

  it('is not believed to have what was canceled while it waited', async () => {
    const [people] = await subscribe([300]);
    assert.ok(people !== undefined);
    rig.receiver.next({ kind: 'answer', status: 429, headers: { 'retry-after': '30' } });
    const canceled = sync(people);
    await eventually('the loads wait outside', async () => (await pendingReasons(people)).some((reason) => reason.includes('asked for a pause')));
    await rig.client.cancelSync(people);
    const { status, succeeded, failed, ambiguous, notSent } = await canceled;
    assert.deepEqual({ status, failed, ambiguous }, { status: 'canceled', failed: 0, ambiguous: 0 });
    assert.equal(succeeded + notSent, 300);
    const toldAt = rig.receiver.requests.find(({ status }) => status === 429)?.atMs ?? 0;
    assert.ok(performance.now() < toldAt + 30_000, 'it ended before the pause did');
  });

  it('is asked as often as a long load has to, and leaves nothing behind on the signal that cancels the load', async () => {
    const office = rateOffice('another', 'crm');
    const left = await new MockActivityEnvironment({}, { client: rig.temporal }).run(async () => {
      for (let asked = 0; asked < 3; asked++) await office.pausedMs();
      return getEventListeners(Context.current().cancellationSignal, 'abort').length;
    });
    assert.equal(left, 0);
  });
});

describe('a destination that never answers', function () {
  this.timeout(60_000);
  it('leaves others room on the same worker', async () => {
    const hanging = await Receiver.start();
    hanging.next({ kind: 'silence' }, 10_000);
    const rig = await createRig();
    try {
      const crm = rig.configuration.destinations['crm'];
      assert.ok(crm?.type === 'webhook');
      const slow = { ...crm, url: hanging.url, batchSize: 1, concurrency: 150, timeoutMs: 120_000, giveUpAfterMs: 120_000 };
      const configuration = { ...rig.configuration, destinations: { crm, slow } };
      await rig.startWorker(configuration);
      await createPeople(rig.database, 1_600, 'stuck');
      const stuck = await subscribeTo(rig, { ...rig.subscription, id: 'stuck', destination: 'slow', model: { ...rig.subscription.model, query: 'select * from stuck' } });
      await stuck.request();
      await eventually('it has all that it may have', () => hanging.requests.length >= 30);
      const people = await rig.subscribe(2_000);
      const result = await people.sync();
      assert.equal(result.status, 'succeeded');
      assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
      assert.notEqual((await stuck.status()).currentSync, null, 'it did not wait for the other, whose requests hang until the end of this test');
    } finally {
      await hanging.close();
      await rig.stop();
    }
  });
});
