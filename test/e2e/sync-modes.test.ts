import assert from 'node:assert/strict';
import type { SyncResult } from '../../src/client/index.js';
import type { SyncMode } from '../../src/domain/subscription.js';
import { createRig, modelState, receivedState, type Rig, type Subscribed } from '../support/sluice.js';

const counts = ({ extracted, succeeded, excluded, status }: SyncResult): unknown => ({ ...extracted, succeeded, excluded, status });

describe('a sync leaves out', () => {
  let rig: Rig;
  before(async () => {
    rig = await createRig();
    await rig.startWorker();
  });
  after(() => rig.stop());

  /** One update, one new record, one deletion. */
  const change = ({ table }: Subscribed): Promise<unknown> =>
    rig.database.query(`UPDATE ${table} SET name = 'changed' WHERE id = 1; DELETE FROM ${table} WHERE id = 2; INSERT INTO ${table} (id, name) VALUES (11, 'eleven')`);

  const sentBy: Record<SyncMode, { readonly first: number; readonly then: readonly string[] }> = {
    mirror: { first: 10, then: ['deleted', 'new', 'updated'] },
    upsert: { first: 10, then: ['new', 'updated'] },
    add: { first: 10, then: ['new'] },
    update: { first: 0, then: ['updated'] },
    delete: { first: 0, then: ['deleted'] },
  };
  for (const [syncMode, { first, then }] of Object.entries(sentBy) as [SyncMode, (typeof sentBy)[SyncMode]][]) {
    it(`what mode ${syncMode} excludes, counts it, and never finds it again`, async () => {
      const people = await rig.subscribe(10, { syncMode });
      assert.deepEqual(counts(await people.sync()), { added: 10, updated: 0, deleted: 0, rejected: 0, succeeded: first, excluded: 10 - first, status: 'succeeded' });
      await change(people);
      const events: string[] = [];
      rig.receiver.refuseRecord = (record) => {
        events.push(record.event ?? '');
        return null;
      };
      assert.deepEqual(counts(await people.sync()), { added: 1, updated: 1, deleted: 1, rejected: 0, succeeded: then.length, excluded: 3 - then.length, status: 'succeeded' });
      assert.deepEqual(events.sort(), then);
      assert.deepEqual(counts(await people.sync()), { added: 0, updated: 0, deleted: 0, rejected: 0, succeeded: 0, excluded: 0, status: 'succeeded' });
    });
  }

  it('everything at first, when the rows there are its baseline, and sends what changes from then on', async () => {
    const people = await rig.subscribe(10, { initialSync: 'baseline' });
    assert.deepEqual(counts(await people.sync()), { added: 10, updated: 0, deleted: 0, rejected: 0, succeeded: 0, excluded: 10, status: 'succeeded' });
    assert.equal(rig.receiver.requests.length, 0);
    await change(people);
    assert.deepEqual(counts(await people.sync()), { added: 1, updated: 1, deleted: 1, rejected: 0, succeeded: 3, excluded: 0, status: 'succeeded' });
    assert.deepEqual([...rig.receiver.state.keys()].sort(), ['1', '11']);
  });

  it('a retry that its new mode excludes, and clears it from the failures', async () => {
    const people = await rig.subscribe(3);
    rig.receiver.refuseRecord = (record) => (record.__segment_id === '2' ? 'no' : null);
    await people.sync();
    await rig.client.apply({ ...rig.configuration, subscriptions: { [people.id]: { ...people.subscription, syncMode: 'delete' } } });
    assert.deepEqual(counts(await people.sync()), { added: 1, updated: 0, deleted: 0, rejected: 0, succeeded: 0, excluded: 1, status: 'succeeded' });
    const failures = await rig.database.query(`SELECT FROM __segment_reverse_etl.failures_${people.id}`);
    assert.equal(failures.rowCount, 0);
  });
});

describe('records without an identifier of their own', () => {
  let rig: Rig;
  let people: Subscribed;
  before(async () => {
    rig = await createRig();
    await rig.startWorker();
    people = await rig.subscribe(10, { model: { ...rig.subscription.model, query: 'select nullif(id, 0) as id, name from people_1' } });
    await people.sync();
    await rig.database.query(`ALTER TABLE people_1 DROP CONSTRAINT people_1_pkey; INSERT INTO people_1 (id, name) VALUES (0, 'nobody'), (1, 'twice'), (12, 'twelve')`);
  });
  after(() => rig.stop());

  it('are rejected and counted, and the rest goes on', async () => {
    const result = await people.sync();
    assert.deepEqual(counts(result), { added: 1, updated: 0, deleted: 0, rejected: 3, succeeded: 1, excluded: 0, status: 'partially_succeeded' });
    assert.equal(rig.receiver.state.get('12')?.event, 'new');
  });

  it('are never taken for deleted: what was delivered under the identifier stays', async () => {
    assert.equal(rig.receiver.taken.deleted, 0);
    assert.equal(rig.receiver.state.get('1')?.properties?.['name'], 'person 1');
    const known = await rig.database.query(`SELECT FROM __segment_reverse_etl.records_${people.id} WHERE record_id = '1'`);
    assert.equal(known.rowCount, 1);
  });

  it('are shown as samples with the reason', async () => {
    const samples = await rig.database.query<{ record_id: string | null; reason: string }>(
      `SELECT record_id, reason FROM __segment_reverse_etl.rejections_${people.id} ORDER BY record_id NULLS FIRST`,
    );
    assert.deepEqual(samples.rows, [
      { record_id: null, reason: 'the identifier is null' },
      { record_id: '1', reason: 'the identifier occurs 2 times' },
    ]);
  });

  it('are found again once they are mended', async () => {
    await rig.database.query(`DELETE FROM people_1 WHERE name IN ('nobody', 'twice')`);
    assert.deepEqual(counts(await people.sync()), { added: 0, updated: 0, deleted: 0, rejected: 0, succeeded: 0, excluded: 0, status: 'succeeded' });
    const state = await modelState(rig.database, 'people_1');
    assert.deepEqual([...receivedState(rig.receiver).keys()], [...state.keys()]);
  });
});
