import assert from 'node:assert/strict';
import { usageDay } from '../../src/domain/billing-cycle.js';
import { Adapters } from '../../src/worker/adapters.js';
import { usageFromTables } from '../../src/worker/usage.js';
import { QuotaRig } from '../support/quota.js';
import { createRig, eventually, type Rig } from '../support/sluice.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const dayMs = 24 * 3_600_000;

describe('a workspace with several sources', function () {
  this.timeout(120_000);
  let rig: Rig;
  let quota: QuotaRig;
  let proxy: TcpProxy;
  /** The moment that this describe goes by, and billing days before and after that part its usage in two. */
  const nowMs = Date.now();
  const billingDay = (ageInDays: number): number => Math.min(28, new Date(nowMs - ageInDays * dayMs).getUTCDate());

  before(async () => {
    rig = await createRig();
    const { warehouse } = rig.configuration.sources;
    assert.ok(warehouse?.type === 'postgres');
    const url = new URL(warehouse.url);
    proxy = await TcpProxy.start(url.host);
    url.host = proxy.address;
    quota = QuotaRig.on(rig, { kind: 'custom', records: 500 });
    quota.configuration = { ...quota.configuration, sources: { warehouse, other: { ...warehouse, url: url.href, stateSchema: 'other_state' } } };
    quota.configuration = { ...quota.configuration, workspace: { ...quota.configuration.workspace, billingCycleDay: billingDay(0) } };
    await rig.startWorker(quota.configuration);
  });
  after(async () => {
    await rig.stop();
    await proxy.close();
  });

  /** What the syncs so far sent counts on a day so many days ago. */
  const backdate = async (id: string, ageInDays: number, schema = '__segment_reverse_etl'): Promise<void> => {
    await rig.database.query(`UPDATE ${schema}.syncs_${id} SET usage = (SELECT jsonb_object_agg($1::text, sent) FROM jsonb_each(usage) AS used(day, sent)) WHERE usage <> '{}'`, [usageDay(nowMs - ageInDays * dayMs)]);
  };

  it('has its usage cut anew when the billing day changes: by the days in the tables of all sources', async () => {
    const here = await quota.subscribe('here', 50);
    const there = await quota.subscribe('there', 30, { model: { ...rig.subscription.model, source: 'other', query: 'select * from there' } });
    await Promise.all([here.sync(), there.sync()]);
    await backdate('here', 5);
    await backdate('there', 13, 'other_state');
    await rig.database.query('UPDATE here SET name = \'today\' WHERE id <= 7');
    await here.sync();
    assert.deepEqual((await quota.usage()).processed, 87, 'the ledger goes by what it counted itself');
    await quota.changeTerms({ billingCycleDay: billingDay(7) });
    await eventually('the cycle is another', async () => (await quota.usage()).processed === 57);
    const { cycleStart, past, byDestination, remaining } = await quota.usage();
    assert.deepEqual([new Date(cycleStart).getUTCDate(), past[0]?.processed, byDestination, remaining], [billingDay(7), 30, { crm: 57 }, 443]);
    assert.deepEqual(await rig.client.plan({ ...quota.configuration, subscriptions: {} }).then((changes) => changes.filter(({ kind }) => kind === 'terms')), []);
  });

  it('is counted from the tables alone to the same page as the ledger\'s, by destination and subscription, in this cycle and the twelve before', async () => {
    const adapters = new Adapters(quota.configuration, {});
    const counted = await usageFromTables(adapters, quota.configuration.workspace);
    await adapters.close();
    const told = await quota.usage();
    assert.deepEqual({ ...counted, limitReachedOn: told.limitReachedOn }, told);
    assert.deepEqual([told.bySubscription, told.past.length, told.past[0]?.bySubscription], [{ here: 57 }, 12, { there: 30 }]);
    await rig.database.query('UPDATE here SET name = \'after\' WHERE id <= 2');
    assert.equal((await rig.client.requestSync('here')).accepted, true);
    await eventually('a reading alone makes no grant void', async () => (await quota.usage()).processed === 59);
  });

  it('keeps its billing day while one source does not answer, and agrees to everything else', async () => {
    const before = await quota.usage();
    const answerAgain = await proxy.refuse();
    await quota.changeTerms({ billingCycleDay: billingDay(0), plan: { kind: 'custom', records: 600 } });
    await eventually('the plan is another', async () => (await quota.usage()).limit === 600);
    assert.deepEqual([(await quota.usage()).cycleStart, (await quota.usage()).processed], [before.cycleStart, before.processed]);
    const wanted = { ...quota.configuration, subscriptions: {} };
    const terms = async () => (await rig.client.plan(wanted)).filter(({ kind }) => kind === 'terms');
    assert.deepEqual(await terms(), [{ kind: 'terms', workspaceId: quota.workspaceId, fields: ['billingCycleDay'] }], 'it shows as still to be applied');
    await rig.database.query('UPDATE here SET name = \'meanwhile\' WHERE id <= 4');
    const answer = await rig.client.requestSync('here');
    assert.ok(answer.accepted);
    assert.equal((await rig.client.waitForSync('here', answer.request)).processed, 4, 'other sources are granted records');
    await answerAgain();
    await quota.changeTerms({});
    await eventually('the cycle is another', async () => (await quota.usage()).cycleStart !== before.cycleStart);
    assert.deepEqual(await terms(), []);
  });

  it('grants nothing while a new ledger can\'t count on one of them, says which, and goes on once it can', async () => {
    const before = await quota.usage();
    await rig.temporal.workflow.getHandle(`quota/${quota.workspaceId}`).terminate();
    const answerAgain = await proxy.refuse();
    await quota.changeTerms({});
    await rig.database.query('UPDATE here SET name = \'waiting\' WHERE id <= 6');
    const answer = await rig.client.requestSync('here');
    assert.ok(answer.accepted);
    let refusal = '';
    await eventually('the reason is there', async () => {
      refusal = await quota.usage().then(() => '', (error: unknown) => String(error));
      return refusal.includes('nothing is granted before that: the usage on source "other" can\'t be counted');
    });
    assert.equal((await rig.client.status('here')).state, 'syncing');
    await answerAgain();
    assert.equal((await rig.client.waitForSync('here', answer.request)).processed, 6);
    assert.equal((await quota.usage()).processed, before.processed + 6);
  });
});
