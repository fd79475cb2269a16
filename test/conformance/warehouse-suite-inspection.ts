import assert from 'node:assert/strict';
import type { Model } from '../../src/domain/subscription.js';
import { ModelError, WarehouseRefusedError } from '../../src/errors/errors.js';
import type { Bench } from './warehouse-suite.js';

const never = new AbortController().signal;

export function inspectionLaws(bench: () => Bench): void {
  describe('looking into a model', () => {
    const people = (query = 'select * from people', identifier = 'id'): Model => ({ name: 'people', source: 'warehouse', query: bench().sql(query), identifier, timestamp: null });

    it('shows as many records as were asked for, with the columns and the properties that a destination would get', async () => {
      await bench().createPeople(5);
      const driver = bench().driver();
      const sample = await driver.warehouse.sampleModel(people(), { limit: 3 }, never);
      assert.deepEqual(sample.columns, await driver.warehouse.describeModel(bench().sql('select * from people')));
      assert.equal(sample.records.length, 3);
      const sent = new Map((await driver.sync()).events.map((event) => [event.__segment_id, event.properties]));
      for (const { recordId, properties } of sample.records) assert.deepEqual(JSON.parse(properties), sent.get(recordId ?? ''));
    });

    it('finds the records of one id, all of them, and none where there is none', async () => {
      await bench().createPeople(3);
      await bench().run(`insert into people values (2, 'again'), (null, 'nobody')`);
      const { warehouse } = bench().driver();
      const found = async (recordId: string): Promise<readonly unknown[]> =>
        (await warehouse.sampleModel(people(), { limit: 10, recordId }, never)).records.map(({ properties }) => JSON.parse(properties) as unknown);
      const names = (await found('2')).map((record) => (record as { name: string }).name);
      assert.deepEqual(names.sort(), ['again', 'person 2']);
      assert.deepEqual(await found('7'), []);
      const all = await warehouse.sampleModel(people(), { limit: 10 }, never);
      assert.deepEqual(all.records.map(({ recordId }) => recordId ?? 'null').sort(), ['1', '2', '2', '3', 'null']);
    });

    it('refuses a model that could not be synced', async () => {
      await bench().createPeople(1);
      const { warehouse } = bench().driver();
      await assert.rejects(warehouse.sampleModel(people('select * from people', 'email'), { limit: 1 }, never), ModelError);
      await assert.rejects(warehouse.sampleModel(people('select * from nobody'), { limit: 1 }, never), WarehouseRefusedError);
    });

    it('changes nothing, and neither do the check and the grants', async () => {
      await bench().createPeople(2);
      const { warehouse } = bench().driver();
      await warehouse.sampleModel(people(), { limit: 1 }, never);
      await warehouse.checkAccess([people()], never);
      await warehouse.grants([people()], never);
      assert.deepEqual([...(await bench().stateTables()).keys()], []);
    });
  });

  describe('the check of a source', () => {
    const model = (name: string, query: string): Model => ({ name, source: 'warehouse', query: bench().sql(query), identifier: 'id', timestamp: null });

    it('finds nothing wrong where syncs work, before the first one and after it', async () => {
      await bench().createPeople(1);
      const driver = bench().driver();
      for (let round = 0; round < 2; round++) {
        const items = await driver.warehouse.checkAccess([driver.subscription.model], never);
        assert(items.length >= 3 && items.every(({ problem }) => problem === null), JSON.stringify(items));
        await driver.sync();
      }
    });

    it('says which model cannot be read, and why, and goes on with the others', async () => {
      await bench().createPeople(1);
      const { warehouse } = bench().driver();
      const items = await warehouse.checkAccess([model('gone', 'select * from nobody'), model('blind', 'select name from people'), model('people', 'select * from people')], never);
      const problems = new Map(items.map(({ what, problem }) => [/model "(\w+)"/.exec(what)?.[1] ?? what, problem]));
      assert.match(problems.get('gone') ?? '', /nobody/i);
      assert.match(problems.get('blind') ?? '', /identifier column "id" is not among its columns/);
      assert.equal(problems.get('people'), null);
    });
  });
}
