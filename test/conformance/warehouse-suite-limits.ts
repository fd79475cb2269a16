import assert from 'node:assert/strict';
import { sentBy, type StagedEvent } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

export function limitLaws(bench: () => Bench): void {
  describe('the limit of records a sync', () => {
    it('cuts 700 into 150, 150, 150, 150 and 100: nothing twice, nothing lost', async () => {
      await bench().createPeople(700);
      const driver = bench().driver({ maxRecordsPerSync: 150 });
      const sent: string[] = [];
      for (const [expected, more] of [[150, true], [150, true], [150, true], [150, true], [100, false], [0, false]] as const) {
        const { events, diff, result } = await driver.sync();
        assert.deepEqual([events.length, diff.extracted.added, diff.moreToExtract, result.moreToExtract], [expected, expected, more, more]);
        assert.equal(result.status, more ? 'partially_succeeded' : 'succeeded');
        sent.push(...events.map((event) => event.__segment_id));
      }
      assert.deepEqual(sent.sort(), Array.from({ length: 700 }, (_, index) => String(index + 1)).sort());
    });

    it('is not passed by a single record, nor said to be passed when all fit', async () => {
      await bench().createPeople(10);
      const { diff } = await bench().driver({ maxRecordsPerSync: 10 }).sync();
      assert.deepEqual([diff.extracted.added, diff.moreToExtract], [10, false]);
    });

    it('counts deletions and what the mode leaves out as extracted', async () => {
      await bench().createPeople(6);
      await bench().driver().sync();
      await bench().run(`delete from people where id > 3; update people set name = 'x'`);
      const driver = bench().driver({ maxRecordsPerSync: 4, syncMode: 'upsert' });
      const first = await driver.sync();
      assert.equal(first.result.excluded + first.result.succeeded, 4);
      const second = await driver.sync();
      assert.equal(second.result.excluded + second.result.succeeded, 2);
      assert.deepEqual([...sentBy(first), ...sentBy(second)].sort(), ['updated 1', 'updated 2', 'updated 3']);
    });

    it('lets failures go first', async () => {
      await bench().createPeople(20);
      const all = bench().driver();
      await all.sync();
      await bench().run(`update people set name = 'x' where id <= 3`);
      await all.sync({ fate: () => 'refused' });
      await bench().run(`update people set name = 'y'; insert into people values (21, 'added')`);
      assert.deepEqual(sentBy(await bench().driver({ maxRecordsPerSync: 3 }).sync()), ['updated 1', 'updated 2', 'updated 3']);
    });

    it('lets failures of records that were never taken go first too', async () => {
      await bench().createPeople(3);
      await bench().driver().sync({ fate: () => 'refused' });
      await bench().run(`insert into people select id + 3, name from people; insert into people select id + 6, name from people`);
      assert.deepEqual(sentBy(await bench().driver({ maxRecordsPerSync: 3 }).sync()), ['new 1', 'new 2', 'new 3']);
    });

    it('starves no record when everything changes before each sync', async () => {
      await bench().createPeople(30);
      const driver = bench().driver({ maxRecordsPerSync: 10 });
      const updated = new Set<string>();
      await bench().driver().sync();
      for (let round = 0; round < 16; round++) {
        await bench().run(`update people set name = 'round ${round}'`);
        for (const event of (await driver.sync()).events) updated.add(event.__segment_id);
      }
      assert.equal(updated.size, 30);
    });

    it('holds a baseline open until one pass has left no remainder', async () => {
      await bench().createPeople(5);
      const driver = bench().driver({ maxRecordsPerSync: 2, initialSync: 'baseline' });
      const sent: StagedEvent[] = [];
      for (const excluded of [2, 2, 1]) {
        const { events, result } = await driver.sync();
        assert.equal(result.excluded, excluded);
        sent.push(...events);
      }
      assert.deepEqual(sent, []);
      await bench().run(`insert into people values (6, 'added')`);
      assert.deepEqual(sentBy(await driver.sync()), ['new 6']);
    });
  });
}
