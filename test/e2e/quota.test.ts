import assert from 'node:assert/strict';
import type { Subscribed } from '../support/sluice.js';
import { searchAttributes } from '../../src/contract/search-attributes.js';
import type { RunningWorker } from '../../src/worker/worker.js';
import { Receiver, type ReceivedRecord } from '../support/receiver.js';
import { createRig, eventually, modelState, receivedState, type Rig } from '../support/sluice.js';
import { QuotaRig, usageTotals } from '../support/quota.js';

/** Waits until a subscription remembers so many syncs, and none is under way. */
async function ended({ client }: Rig, { id }: Subscribed, syncs: number): Promise<void> {
  await eventually(`${syncs} syncs of ${id} have ended`, async () => (await client.recentSyncs(id)).length >= syncs && (await client.status(id)).currentSync === null);
}

describe('a billing cycle', function () {
  this.timeout(120_000);
  let rig: Rig;
  let quota: QuotaRig;
  let ads: Receiver;
  let worker: RunningWorker;
  before(async () => {
    [rig, ads] = await Promise.all([createRig(), Receiver.start()]);
    const { crm } = rig.configuration.destinations;
    assert.ok(crm?.type === 'webhook');
    quota = QuotaRig.on(rig, { kind: 'custom', records: 500 }, { crm, ads: { ...crm, url: ads.url } });
    worker = await rig.startWorker(quota.configuration);
  });
  after(() => Promise.all([rig.stop(), ads.close()]));

  it('lets 1,200 records through over three cycles of 500, to two destinations, in their newest versions, with nobody asking for more', async () => {
    const toCrm = await quota.subscribe('to_crm', 600);
    const toAds = await quota.subscribe('to_ads', 600, { destination: 'ads' });
    const first = await toCrm.sync();
    assert.deepEqual([first.status, first.processed, first.extracted.added, first.moreToExtract], ['partially_succeeded', 500, 500, true]);
    const none = await toAds.sync();
    assert.deepEqual([none.status, none.processed, none.moreToExtract], ['partially_succeeded', 0, true]);
    const used = await quota.usage();
    assert.deepEqual([used.limit, used.processed, used.reserved, used.remaining, used.byDestination, used.paused], [500, 500, 0, 0, { crm: 500 }, ['to_ads', 'to_crm']]);
    const status = await toCrm.status();
    assert.deepEqual([status.state, status.pausedUntil, status.nextSyncAt], ['quota_paused', used.cycleEnd, null]);
    const { typedSearchAttributes: shown } = await rig.temporal.workflow.getHandle('sync/to_crm').describe();
    assert.deepEqual([shown.get(searchAttributes.status), shown.get(searchAttributes.pausedUntil)?.toISOString()], ['quota_paused', used.cycleEnd]);
    const answer = await rig.client.requestSync(toCrm.id);
    assert.ok(!answer.accepted && answer.reason.includes(used.cycleEnd), JSON.stringify(answer));

    const seen = new Set<unknown>();
    const look = (record: ReceivedRecord): null => {
      seen.add(record.properties?.['name']);
      return null;
    };
    for (const receiver of [rig.receiver, ads]) receiver.refuseRecord = look;
    for (const { table } of [toCrm, toAds]) {
      await rig.database.query(`UPDATE ${table} SET name = 'once' WHERE id % 3 = 0`);
      await rig.database.query(`UPDATE ${table} SET name = 'twice' WHERE id % 3 = 0; DELETE FROM ${table} WHERE id > 590`);
    }
    for (const cycle of [2, 3]) {
      await quota.turnCycle(toCrm.id, toAds.id);
      for (const people of [toCrm, toAds]) await ended(rig, people, cycle);
    }
    for (const [receiver, people] of [[rig.receiver, toCrm], [ads, toAds]] as const) {
      const results = await rig.client.recentSyncs(people.id);
      assert.deepEqual(results.map(({ trigger }) => trigger), ['continuation', 'continuation', 'manual']);
      assert.deepEqual(receivedState(receiver), await modelState(rig.database, people.table));
      assert.deepEqual([(await people.status()).state, (await people.status()).pausedUntil], ['idle', null]);
    }
    assert.ok(seen.has('twice') && !seen.has('once'), 'of what changed during the pause the newest version arrives, and no other');
    const { past, processed } = await quota.usage();
    assert.deepEqual(past.slice(0, 3).map((cycle) => cycle.processed), [500, 500, 0]);
    const total = await usageTotals(rig.database, [toCrm.id, toAds.id]);
    assert.deepEqual(total, { processed: processed + 1_000, counted: processed + 1_000 });
  });

  it('may turn while no worker runs: what was paused goes on with the next worker, and counts in the new cycle', async () => {
    const { remaining } = await quota.usage();
    const people = await quota.subscribe('to_late', remaining + 50);
    assert.equal((await people.sync()).processed, remaining);
    assert.equal((await people.status()).state, 'quota_paused');
    await quota.turnCycleWithout(worker, people.id);
    await ended(rig, people, 2);
    assert.deepEqual((await rig.client.recentSyncs(people.id)).map(({ processed }) => processed), [50, remaining]);
    const { processed, past: [last], paused } = await quota.usage();
    assert.deepEqual([processed, last?.processed, paused], [50, 500, []]);
  });
});

describe('a workspace\'s quota', function () {
  this.timeout(120_000);
  let rig: Rig;
  let quota: QuotaRig;
  before(async () => {
    rig = await createRig();
    const { crm } = rig.configuration.destinations;
    assert.ok(crm?.type === 'webhook');
    quota = QuotaRig.on(rig, { kind: 'custom', records: 200 }, { crm, ads: crm, oneByOne: { ...crm, concurrency: 1 } });
    await rig.startWorker(quota.configuration);
  });
  after(() => rig.stop());

  it('is counted for each destination apart, and for all of them together', async () => {
    const toCrm = await quota.subscribe('to_crm', 50);
    const toAds = await quota.subscribe('to_ads', 50, { destination: 'ads' });
    assert.equal((await toCrm.sync()).status, 'succeeded');
    assert.equal((await toAds.sync()).status, 'succeeded');
    const after = await quota.usage();
    assert.deepEqual(after.byDestination, { crm: 50, ads: 50 });
    assert.deepEqual(after.bySubscription, { to_crm: 50, to_ads: 50 });
    assert.deepEqual([after.processed, after.remaining, after.reserved], [100, 100, 0]);
  });

  it('counts refused records as well, and keeps nothing reserved for those that were not sent', async () => {
    const before = await quota.usage();
    const people = await quota.subscribe('refused', 20);
    rig.receiver.refuseRecord = (record) => (Number(record.__segment_id) <= 5 ? 'no' : null);
    assert.deepEqual((await people.sync()).failed, 5);
    rig.receiver.refuseRecord = () => null;
    const after = await quota.usage();
    assert.deepEqual([after.processed - before.processed, after.reserved], [20, 0]);
    rig.receiver.next({ kind: 'answer', status: 401 });
    assert.equal((await people.sync()).notSent, 5);
    assert.equal((await quota.usage()).remaining, after.remaining);
  });

  it('does without the refused ones where the workspace agrees on that, in mid-cycle and back', async () => {
    const { processed, limit } = await quota.usage();
    await quota.changeTerms({ countFailed: false });
    await eventually('they no longer count', async () => (await quota.usage()).processed === processed - 5);
    const people = await quota.subscribe('uncounted', 10);
    rig.receiver.refuseRecord = (record) => (Number(record.__segment_id) <= 4 ? 'no' : null);
    assert.equal((await people.sync()).failed, 4);
    rig.receiver.refuseRecord = () => null;
    assert.deepEqual([(await quota.usage()).processed, (await quota.usage()).remaining], [processed - 5 + 6, limit - (processed - 5 + 6)]);
    await quota.changeTerms({ countFailed: true });
    await eventually('they count', async () => (await quota.usage()).processed === processed + 10);
  });

  it('follows the workspace\'s tracked users and API calls in mid-cycle', async () => {
    const { limit, processed } = await quota.usage();
    for (const [plan, records] of [[{ kind: 'business', per: 'mtus', count: 7 }, 350], [{ kind: 'business', per: 'apiCalls', count: 4 * limit + 3 }, limit]] as const) {
      await quota.changePlan(plan);
      await eventually('the limit is another', async () => (await quota.usage()).limit === records);
      assert.equal((await quota.usage()).remaining, records - processed);
    }
  });

  it('that is raised lets a subscription go on at once which was cut off', async () => {
    const { remaining, limit } = await quota.usage();
    const people = await quota.subscribe('waiting', 300);
    const first = await people.sync();
    assert.deepEqual([first.processed, first.moreToExtract, (await people.status()).state], [remaining, true, 'quota_paused']);
    assert.deepEqual((await quota.usage()).paused, ['waiting']);
    await quota.changePlan({ kind: 'custom', records: limit + 1_000 });
    await ended(rig, people, 2);
    const [second] = await rig.client.recentSyncs(people.id);
    assert.deepEqual([second?.processed, second?.trigger, second?.status], [300 - remaining, 'continuation', 'succeeded']);
    assert.deepEqual([(await people.status()).state, (await quota.usage()).paused], ['idle', []]);
  });

  it('that is lowered below what is used pauses every subscription at once; raised again, it starts none that was not cut off', async () => {
    const { processed, cycleEnd } = await quota.usage();
    const ids = ['to_crm', 'to_ads', 'waiting'];
    const syncs = async (): Promise<readonly number[]> => Promise.all(ids.map(async (id) => (await rig.client.recentSyncs(id)).length));
    const states = async (): Promise<readonly string[]> => Promise.all(ids.map(async (id) => (await rig.client.status(id)).state));
    const before = await syncs();
    await quota.changePlan({ kind: 'custom', records: processed - 1 });
    await eventually('all are paused', async () => (await states()).every((state) => state === 'quota_paused'));
    const lowered = await quota.usage();
    assert.deepEqual([lowered.processed, lowered.remaining], [processed, 0]);
    const answer = await rig.client.requestSync('to_crm');
    assert.ok(!answer.accepted && answer.reason.includes(cycleEnd));
    await quota.changePlan({ kind: 'custom', records: processed + 1_000 });
    await eventually('all go on', async () => (await states()).every((state) => state === 'idle'));
    assert.deepEqual(await syncs(), before);
  });

  /** What the rows of all syncs add up to. */
  const processedByRows = async (): Promise<number> => {
    const tables = await rig.database.query<{ name: string }>(`SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = '__segment_reverse_etl' AND table_name LIKE 'syncs\\_%'`);
    const sums = await Promise.all(tables.rows.map(({ name }) => rig.database.query<{ sum: string }>(`SELECT coalesce(sum(processed), 0) AS sum FROM __segment_reverse_etl.${name}`)));
    return sums.reduce((sum, { rows }) => sum + Number(rows[0]?.sum), 0);
  };

  it('is the same after its ledger was lost, and after everything in Temporal was', async () => {
    const before = await quota.usage();
    assert.equal(before.processed, await processedByRows());
    const lost = async (): Promise<boolean> => rig.client.usage(quota.workspaceId).then(() => false, () => true);
    const known = async (): Promise<unknown> => {
      await eventually('the ledger has counted', async () => !(await lost()));
      const { limit, processed, reserved, remaining, byDestination, bySubscription, paused } = await quota.usage();
      return { limit, processed, reserved, remaining, byDestination, bySubscription, paused };
    };
    const then = await known();
    const terminate = (id: string): Promise<unknown> => rig.temporal.workflow.getHandle(id).terminate();

    await terminate(`quota/${quota.workspaceId}`);
    assert.ok(await lost());
    await quota.changePlan({ kind: 'custom', records: before.limit });
    assert.deepEqual(await known(), then);

    for (const id of ['to_crm', 'to_ads', 'refused', 'waiting']) await terminate(`sync/${id}`);
    await terminate(`quota/${quota.workspaceId}`);
    await quota.changePlan({ kind: 'custom', records: before.limit });
    assert.deepEqual(await known(), then);
    await rig.database.query(`UPDATE waiting SET name = 'changed' WHERE id <= 30`);
    const answer = await rig.client.requestSync('waiting');
    assert.ok(answer.accepted);
    assert.equal((await rig.client.waitForSync('waiting', answer.request)).processed, 30);
    assert.equal((await quota.usage()).processed, before.processed + 30);
  });

  it('is started by a sync that finds no ledger, which counts before it grants', async () => {
    const before = await quota.usage();
    await rig.temporal.workflow.getHandle(`quota/${quota.workspaceId}`).terminate();
    await rig.database.query(`UPDATE to_crm SET name = 'changed' WHERE id <= 10`);
    const answer = await rig.client.requestSync('to_crm');
    assert.ok(answer.accepted);
    const result = await rig.client.waitForSync('to_crm', answer.request);
    // It goes by the terms that the worker was started with, 200 records, which are used up.
    assert.deepEqual([result.processed, result.moreToExtract, result.status], [0, true, 'partially_succeeded']);
    const { limit, processed, remaining } = await quota.usage();
    assert.deepEqual([limit, processed, remaining], [200, before.processed, 0]);
  });

  // Virtual time stands still while a step runs: the state tables say instead that the first chunk was finished in the cycle before.
  it('counts each part of a sync that spans two cycles in the cycle in which it was sent', async () => {
    await quota.changePlan({ kind: 'custom', records: 10_000 });
    const { cycleStart } = await quota.usage();
    const people = await quota.subscribe('spanning', 1_700, { destination: 'oneByOne' });
    rig.receiver.next({ kind: 'delay', ms: 100 }, 17);
    const request = await people.request();
    const dayBefore = new Date(Date.parse(cycleStart) - 1).toISOString().slice(0, 10);
    let sent = 0;
    await eventually('its first chunk is finished', async () => {
      const { rows } = await rig.database.query<{ sent: number }>(`UPDATE __segment_reverse_etl.chunks_spanning SET finished_on = $1 WHERE finished_on IS NOT NULL RETURNING succeeded::int AS sent`, [dayBefore]).catch(() => ({ rows: [] }));
      sent = rows[0]?.sent ?? 0;
      return sent > 0;
    });
    assert.equal((await rig.client.waitForSync('spanning', request)).succeeded, 1_700);
    const { bySubscription, past: [last], reserved } = await quota.usage();
    assert.deepEqual([bySubscription['spanning'], last?.bySubscription['spanning'], reserved], [1_700 - sent, sent, 0]);
  });
});
