import assert from 'node:assert/strict';
import { DeltaLostError, DestinationChangedError, FencedError, WrongOwnerError } from '../../src/errors/errors.js';
import type { DiffResult, OpenRequest } from '../../src/warehouses/warehouse.js';
import { sentBy } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

export function stateLaws(bench: () => Bench): void {
  const workTables = async () => [...(await bench().stateTables()).keys()].filter((name) => /^[a-z]_/.test(name));

  describe('the state tables', () => {
    it('have the names and columns of the source document, and hold what was acknowledged', async () => {
      await bench().createPeople(2);
      await bench().driver().sync();
      for (let sync = 0; sync < 2; sync++) {
        const tables = await bench().stateTables();
        assert.deepEqual(tables.get('records_people_to_crm'), ['record_id', 'checksum']);
        assert.deepEqual(tables.get('checkpoints_people_to_crm'), ['source_id', 'model_id', 'checkpoint']);
        await bench().driver().sync();
      }
      const records = await bench().rows(`select record_id as "id" from ${bench().state('records_people_to_crm')} order by record_id`);
      assert.deepEqual(records, [{ id: '1' }, { id: '2' }]);
      const checkpoints = await bench().rows(`select source_id as "source", model_id as "model" from ${bench().state('checkpoints_people_to_crm')}`);
      assert.deepEqual(checkpoints, [{ source: 'warehouse', model: 'people' }]);
    });

    it('are all that is left of a settled sync', async () => {
      await bench().createPeople(5);
      const driver = bench().driver();
      await driver.sync({ fate: () => 'refused' });
      const tables = await bench().stateTables();
      assert.deepEqual(await workTables(), []);
      await driver.sync();
      assert.deepEqual(await bench().stateTables(), tables);
      for (const table of ['chunks', 'outcomes']) assert.deepEqual(await bench().rows(`select * from ${bench().state(`${table}_people_to_crm`)}`), []);
    });

    it('belong to one workspace and one destination', async () => {
      await bench().createPeople(1);
      const driver = bench().driver();
      await driver.sync();
      const request: OpenRequest = { subscription: driver.subscription, owner: 'acme', destinationIdentity: 'crm', trigger: 'manual', requestKey: 'x' };
      await assert.rejects(driver.warehouse.openSync({ ...request, owner: 'other' }), WrongOwnerError);
      await assert.rejects(driver.warehouse.openSync({ ...request, destinationIdentity: 'other' }), DestinationChangedError);
      assert.equal((await driver.warehouse.openSync(request)).kind, 'opened');
    });

    it('take a subscription id of 48 characters', async () => {
      await bench().createPeople(2);
      const id = 'a'.repeat(47);
      const drivers = [bench().driver({ id: `${id}x` }), bench().driver({ id: `${id}y` })];
      for (const driver of drivers) assert.deepEqual(sentBy(await driver.sync()), ['new 1', 'new 2']);
      for (const driver of drivers) assert.deepEqual(sentBy(await driver.sync()), []);
    });

    it('of subscriptions a, a_1 and a_1_1 never meet', async () => {
      await bench().createPeople(2);
      const drivers = ['a', 'a_1', 'a_1_1'].map((id) => bench().driver({ id }));
      const syncs = await Promise.all(drivers.map(async (driver) => ({ driver, sync: await driver.open() })));
      for (const { driver, sync } of syncs) assert.equal((await driver.diff(sync)).extracted.added, 2);
      for (const { driver, sync } of syncs) assert.equal((await driver.warehouse.settleSync(sync, { kind: 'canceled' })).notSent, 2);
      for (const driver of drivers) assert.deepEqual(sentBy(await driver.sync()), ['new 1', 'new 2']);
    });
  });

  describe('opening a sync', () => {
    beforeEach(() => bench().createPeople(2));

    it('gives the same answer to the same request, and a new number to the next', async () => {
      const driver = bench().driver();
      const first = await driver.open('first');
      assert.deepEqual(await driver.open('first'), first);
      await driver.warehouse.settleSync(first, null);
      assert.deepEqual(await driver.open('first'), first);
      assert.equal((await driver.open('second')).number, first.number + 1);
    });

    it('twice at the same moment opens one', async () => {
      const drivers = [bench().driver(), bench().driver()];
      const [one, two] = await Promise.all(drivers.map((driver) => driver.open('same')));
      assert.deepEqual(one, two);
    });

    it('reports a sync that was left unsettled, until it is settled', async () => {
      const driver = bench().driver();
      const dead = await driver.open('dead');
      const request: OpenRequest = { subscription: driver.subscription, owner: 'acme', destinationIdentity: 'crm', trigger: 'schedule', requestKey: 'next' };
      assert.deepEqual(await driver.warehouse.openSync(request), { kind: 'unsettled', sync: dead });
      await driver.settleDead(dead);
      const answer = await driver.warehouse.openSync(request);
      assert(answer.kind === 'opened' && answer.sync.number === dead.number + 1);
    });

    it('shows in the history once settled, the newest first, each with its books', async () => {
      const driver = bench().driver();
      assert.deepEqual(await driver.warehouse.history('nothing_ran_yet', 10), []);
      const first = await driver.sync();
      const second = await driver.sync();
      const open = await driver.open();
      assert.deepEqual(await driver.warehouse.history('people_to_crm', 10), [second.result, first.result]);
      assert.deepEqual(await driver.warehouse.history('people_to_crm', 1), [second.result]);
      assert.equal(first.result.syncId, 'people_to_crm-1');
      assert.equal(first.result.trigger, 'manual');
      assert(Date.parse(first.result.startedAt) <= Date.parse(first.result.finishedAt));
      await driver.warehouse.settleSync(open, { kind: 'canceled' });
    });
  });

  describe('a diff that is tried again', () => {
    beforeEach(() => bench().createPeople(3));

    it('returns what the first finished attempt found, whatever the model shows by then', async () => {
      const driver = bench().driver();
      const sync = await driver.open();
      const first = await driver.diff(sync, 1);
      await bench().run('delete from people where id = 1');
      assert.deepEqual(await driver.diff(sync, 2), first);
      assert.deepEqual((await driver.read(sync)).lines.length, 3);
    });

    it('while the first still runs lets one of them win, and leaves nothing of the other', async () => {
      const driver = bench().driver();
      const sync = await driver.open();
      const answers = await Promise.all([driver.diff(sync, 1), driver.diff(sync, 2)]);
      assert.deepEqual(answers[0], answers[1]);
      const result = await driver.warehouse.settleSync(sync, { kind: 'canceled' });
      assert.equal(result.notSent, 3);
      assert.deepEqual(await workTables(), []);
    });

    it('stages the same records in the same chunks, and keeps the files that were registered first', async () => {
      await bench().run(`insert into people select 100 * a.id + 10 * b.id + c.id, 'more' from people a, people b, people c`);
      const driver = bench().driver();
      const sync = await driver.open();
      await driver.diff(sync);
      const [first, second] = [await driver.read(sync), await driver.read(sync)];
      const byChunk = ({ events }: typeof first) => new Map([...events].map(([chunk, all]) => [chunk, all.map(({ __segment_id }) => __segment_id).sort()]));
      assert(first.chunks.length > 2, 'enough for several chunks');
      assert.deepEqual(byChunk(first), byChunk(second));
      const registered = await driver.warehouse.registerChunks(sync, first.chunks);
      assert.deepEqual([...registered].sort((a, b) => a.chunk - b.chunk), [...first.chunks].sort((a, b) => a.chunk - b.chunk));
      assert.deepEqual(await driver.warehouse.registerChunks(sync, second.chunks.map((chunk) => ({ ...chunk, file: 'later' }))), registered);
    });

    it('leaves no table behind when it is aborted', async () => {
      const driver = bench().driver();
      const sync = await driver.open();
      for (const delayMs of [0, 5, 15]) {
        const abort = new AbortController();
        const reason = new Error('canceled');
        const attempt: Promise<DiffResult | null> = driver.diff(sync, 10 + delayMs, abort.signal).catch((error: unknown) => {
          assert.equal(error, reason);
          return null;
        });
        setTimeout(() => abort.abort(reason), delayMs);
        if ((await attempt) === null) assert.deepEqual(await workTables(), []);
      }
      await driver.diff(sync);
      await driver.settleDead(sync);
      assert.deepEqual(await workTables(), []);
    });

    it('says so when its delta is gone, and the next sync finds everything again', async () => {
      const driver = bench().driver();
      for (const statement of ['delete from', 'drop table']) {
        const sync = await driver.open();
        await driver.diff(sync);
        const delta = (await workTables()).find((name) => name.startsWith('d_'));
        assert(delta);
        await bench().run(`${statement} ${bench().state(delta)}`);
        await assert.rejects(driver.read(sync), DeltaLostError);
        await driver.settleDead(sync);
        assert.deepEqual(await workTables(), []);
      }
      assert.deepEqual(sentBy(await driver.sync()), ['new 1', 'new 2', 'new 3']);
    });

    it('is refused after another has taken the sync over', async () => {
      const driver = bench().driver();
      const sync = await driver.open();
      await driver.warehouse.fenceSync(sync);
      await assert.rejects(driver.diff(sync), FencedError);
      assert.deepEqual(await workTables(), []);
    });
  });
}
