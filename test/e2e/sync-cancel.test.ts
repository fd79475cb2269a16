import assert from 'node:assert/strict';
import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { createRig, eventually, modelState, receivedState, type Rig, type Subscribed } from '../support/sluice.js';
import { lockTable, someoneWaits } from '../support/trouble.js';

const state = '__segment_reverse_etl';

describe('canceling a sync in the middle of its load', () => {
  const rows = 400;
  let rig: Rig;
  let people: Subscribed;
  let request: number;
  let acknowledged: number;

  before(async function () {
    this.timeout(60_000);
    rig = await createRig({ destination: { batchSize: 20, concurrency: 1 } });
    await rig.startWorker();
    people = await rig.subscribe(rows);
    rig.receiver.next({ kind: 'delay', ms: 1_000 }, 100);
    request = await people.request();
    await eventually('some batches were taken', () => rig.receiver.taken.new >= 40);
    await rig.client.cancelSync(people.id);
  });
  after(() => rig.stop());

  it('ends it soon as canceled, and settles what was acknowledged', async function () {
    this.timeout(40_000);
    const result = await rig.client.waitForSync(people.id, request);
    acknowledged = rig.receiver.taken.new;
    assert.ok(acknowledged < rows, 'it was canceled in the middle');
    const { status, succeeded, failed, notSent, error } = result;
    assert.deepEqual({ status, succeeded, failed, notSent, error }, { status: 'canceled', succeeded: acknowledged, failed: 0, notSent: rows - acknowledged, error: null });
    const known = await rig.database.query(`SELECT FROM __segment_reverse_etl.records_${people.id}`);
    assert.equal(known.rowCount, acknowledged);
  });

  it('shows as canceled in Temporal and in the syncs table', async () => {
    await assert.rejects(rig.temporal.workflow.getHandle(`sync/${people.id}/1`).result(), (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure);
    const row = await rig.database.query(`SELECT status FROM __segment_reverse_etl.syncs_${people.id}`);
    assert.deepEqual(row.rows, [{ status: 'canceled' }]);
    assert.equal((await people.status()).state, 'idle');
  });

  it('leaves exactly the rest to the next sync', async () => {
    rig.receiver.endScript();
    const { status, extracted, succeeded } = await people.sync();
    assert.deepEqual([status, extracted.added, succeeded], ['succeeded', rows - acknowledged, rows - acknowledged]);
    assert.equal(rig.receiver.taken.repeated, 0);
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
  });

  it('works from Temporal too, by canceling the sync\'s own workflow, and does nothing while none runs', async function () {
    this.timeout(40_000);
    await rig.client.cancelSync(people.id);
    await rig.database.query(`UPDATE ${people.table} SET name = 'again'`);
    rig.receiver.next({ kind: 'delay', ms: 300 }, 100);
    const again = await people.request();
    await eventually('a batch was taken', () => rig.receiver.taken.updated > 0);
    await rig.temporal.workflow.getHandle(`sync/${people.id}/3`).cancel();
    const result = await rig.client.waitForSync(people.id, again);
    assert.deepEqual([result.syncId, result.status, result.succeeded], [`${people.id}-3`, 'canceled', rig.receiver.taken.updated]);
    rig.receiver.endScript();
    assert.equal((await people.sync()).succeeded, rows - result.succeeded);
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
  });
});

describe('a sync that ends outside of its load, or without its workflow', function () {
  this.timeout(60_000);
  let rig: Rig;
  before(async () => {
    rig = await createRig({ destination: { batchSize: 20, concurrency: 1 } });
    await rig.startWorker();
  });
  after(() => rig.stop());

  it('is canceled in the middle of its diff, which ends the query in the warehouse', async () => {
    const people = await rig.subscribe(10, { model: { ...rig.subscription.model, query: 'select people_1.* from people_1, pg_sleep(50)' } });
    const request = await people.request();
    const running = async (): Promise<number> => {
      const found = await rig.database.query(`SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`);
      return found.rowCount ?? 0;
    };
    await eventually('the query runs', async () => (await running()) > 0);
    await rig.client.cancelSync(people.id);
    const { status, processed, notSent } = await rig.client.waitForSync(people.id, request);
    assert.deepEqual({ status, processed, notSent }, { status: 'canceled', processed: 0, notSent: 0 });
    await eventually('the query has ended', async () => (await running()) === 0);
    assert.equal(rig.receiver.requests.length, 0);
  });

  it('is canceled while its records are staged, which ends the reading in the warehouse', async () => {
    const people = await rig.subscribe(50);
    const delta = `${state}.d_${people.id}_1_1`;
    const exists = async (): Promise<boolean> => (await rig.database.query(`SELECT WHERE to_regclass('${delta}') IS NOT NULL`)).rowCount === 1;
    // One lock after the other, so that the sync stands still between any two steps until the next lock is there.
    const unlockModel = await lockTable(rig, people.table);
    const request = await people.request();
    await someoneWaits(rig);
    const unlockState = await lockTable(rig, `${state}.state_${people.id}`, 'EXCLUSIVE');
    await unlockModel();
    await eventually('the diff has ended', exists);
    const unlockDelta = await lockTable(rig, delta);
    await unlockState();
    await someoneWaits(rig, 'COPY');
    await rig.client.cancelSync(people.id);
    await someoneWaits(rig, 'DROP TABLE'); // it settles: the reading has ended, though what it waited for is still locked
    await unlockDelta();
    const { status, processed, notSent } = await rig.client.waitForSync(people.id, request);
    assert.deepEqual({ status, processed, notSent }, { status: 'canceled', processed: 0, notSent: 50 });
    assert.equal((await people.sync()).succeeded, 50);
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
  });

  it('is canceled while it settles, and has settled all the same: nothing is sent again', async () => {
    const people = await rig.subscribe(50);
    await people.sync();
    await rig.database.query(`UPDATE ${people.table} SET name = 'changed'`);
    const unlock = await lockTable(rig, `${state}.records_${people.id}`, 'EXCLUSIVE');
    const request = await people.request();
    await someoneWaits(rig);
    assert.equal(rig.receiver.taken.updated, 50);
    await rig.client.cancelSync(people.id);
    await unlock();
    const { succeeded, notSent } = await rig.client.waitForSync(people.id, request);
    assert.deepEqual([succeeded, notSent], [50, 0]);
    assert.equal((await people.sync()).processed, 0);
    assert.equal(rig.receiver.taken.repeated, 0);
  });

  it('is settled by its subscription when its workflow was terminated, and the next one sends the rest', async () => {
    const people = await rig.subscribe(200);
    rig.receiver.next({ kind: 'delay', ms: 300 }, 100);
    const request = await people.request();
    await eventually('some batches were taken', () => rig.receiver.taken.new >= 40);
    await rig.temporal.workflow.getHandle(`sync/${people.id}/1`).terminate();
    const { status, error, succeeded, failed, notSent } = await rig.client.waitForSync(people.id, request);
    assert.deepEqual([status, error, succeeded + failed + notSent], ['partially_succeeded', 'its workflow was terminated', 200]);
    assert.ok(notSent > 0);
    rig.receiver.endScript();
    assert.equal((await people.sync()).succeeded, failed + notSent);
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
  });
});
