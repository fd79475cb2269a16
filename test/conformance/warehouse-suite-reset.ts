import assert from 'node:assert/strict';
import { sentBy, SyncDriver } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

export function resetLaws(bench: () => Bench): void {
  describe('a reset', () => {
    it('has the next sync send what is there as new and what has gone as deleted, once', async () => {
      await bench().createPeople(4);
      const driver = bench().driver();
      await driver.sync();
      await bench().run(`delete from people where id = 4; update people set name = 'x' where id = 1`);
      assert.deepEqual(await driver.warehouse.resetState(driver.subscription, 'crm'), { kind: 'reset' });
      assert.deepEqual(sentBy(await driver.sync()), ['deleted 4', 'new 1', 'new 2', 'new 3']);
      assert.deepEqual(sentBy(await driver.sync()), []);
    });

    it('keeps failures, and gives expired ones another chance', async () => {
      await bench().createPeople(2);
      const driver = bench().driver();
      for (let sync = 0; sync < 5; sync++) await driver.sync({ fate: ({ __segment_id }) => (__segment_id === '1' ? 'refused' : 'taken') });
      await driver.sync({ fate: () => 'refused' });
      assert.deepEqual((await bench().failures()).map(({ id, expired }) => [id, expired]), [['1', true]]);
      await driver.warehouse.resetState(driver.subscription, 'crm');
      assert.deepEqual(sentBy(await driver.sync()), ['new 1', 'new 2']);
      assert.deepEqual(await bench().failures(), []);
    });

    it('waits for a sync that has not settled', async () => {
      await bench().createPeople(1);
      const driver = bench().driver();
      const sync = await driver.open();
      assert.deepEqual(await driver.warehouse.resetState(driver.subscription, 'crm'), { kind: 'unsettled', sync });
    });

    it('before the first sync changes nothing: rows that are to be a baseline still are', async () => {
      await bench().createPeople(2);
      const driver = bench().driver({ initialSync: 'baseline' });
      await driver.warehouse.resetState(driver.subscription, 'crm');
      assert.equal((await driver.sync()).result.excluded, 2);
      await driver.warehouse.resetState(driver.subscription, 'crm');
      assert.deepEqual(sentBy(await driver.sync()), ['new 1', 'new 2']);
    });

    it('is what a changed destination asks for, and what it needs', async () => {
      await bench().createPeople(2);
      const before = bench().driver();
      await before.sync();
      const after = new SyncDriver(before.warehouse, before.subscription, 'another crm');
      await assert.rejects(after.sync(), /destination "crm" of subscription "people_to_crm" is not the one .* run `sluice reset people_to_crm`/);
      await after.warehouse.resetState(after.subscription, 'another crm');
      assert.deepEqual(sentBy(await after.sync()), ['new 1', 'new 2']);
    });
  });

  describe('a changed identifier column', () => {
    it('takes the records under their old ids away, and brings them under the new ones', async () => {
      await bench().createPeople(2);
      await bench().driver().sync();
      const driver = bench().driver({ identifier: 'name' });
      assert.deepEqual(sentBy(await driver.sync()), ['deleted 1', 'deleted 2', 'new person 1', 'new person 2']);
      assert.deepEqual(sentBy(await driver.sync()), []);
    });
  });

  describe('a baseline', () => {
    it('stays pending until a pass has left no remainder, then only changes are sent', async () => {
      await bench().createPeople(5);
      const driver = bench().driver({ initialSync: 'baseline', maxRecordsPerSync: 2 });
      for (const excluded of [2, 2, 1]) assert.equal((await driver.sync()).result.excluded, excluded);
      await bench().run(`update people set name = 'x' where id = 2`);
      assert.deepEqual(sentBy(await driver.sync()), ['updated 2']);
    });
  });

  describe('changed columns', () => {
    const resent = async (query: string): Promise<readonly unknown[]> => {
      const { result } = await bench().driver({ query }).sync();
      return [result.extracted.updated, result.resentForColumns];
    };
    beforeEach(async () => {
      await bench().createPeople(3);
      await bench().driver({ query: 'select id, name from people' }).sync();
      await bench().run(`update people set name = 'changed' where id = 3`);
    });

    it('that were added are told apart from changed data', async () => {
      assert.deepEqual(await resent(`select id, name, 'x' as extra from people`), [3, 2]);
    });

    it('that were renamed are told apart from changed data', async () => {
      assert.deepEqual(await resent('select id, name as full_name from people'), [3, 2]);
    });

    it('that were dropped or retyped may be behind every update', async () => {
      assert.deepEqual(await resent('select id from people'), [3, 3]);
      assert.deepEqual(await resent('select cast(id as text) as id from people'), [3, 3]);
    });

    it('show in a dry run, which changes nothing', async () => {
      const driver = bench().driver({ query: `select id, name, 'x' as extra from people where id <> 1` });
      const found = await driver.warehouse.dryRun(driver.subscription, false, new AbortController().signal);
      assert.deepEqual(found, { extracted: { added: 0, updated: 2, deleted: 1, rejected: 0 }, toSend: 3, scope: 'full', resentForColumns: 1, moreToExtract: false });
      assert.deepEqual(sentBy(await driver.sync()), ['deleted 1', 'updated 2', 'updated 3']);
    });
  });

  describe('a dry run', () => {
    it('of a subscription that has never run finds everything new, and leaves no table behind', async () => {
      await bench().createPeople(3);
      const driver = bench().driver();
      const found = await driver.warehouse.dryRun(driver.subscription, false, new AbortController().signal);
      assert.deepEqual([found.extracted.added, found.toSend], [3, 3]);
      assert.deepEqual([...(await bench().stateTables()).keys()], []);
    });
  });
}
