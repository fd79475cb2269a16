import assert from 'node:assert/strict';
import type { SyncDriver } from './warehouse-driver.js';
import { sentBy } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

const hour = 3_600_000;
const timestamp = { column: 'updated_at', lookbackMs: hour, fullDiffEveryMs: 24 * hour };

export function checkpointLaws(bench: () => Bench): void {
  describe('a model with a timestamp column', () => {
    let driver: SyncDriver;
    beforeEach(async () => {
      await bench().run(`
        create table people (id bigint, name text, updated_at timestamp);
        insert into people values (1, 'a', timestamp '2026-01-01 00:00:00'), (2, 'b', timestamp '2026-01-01 10:00:00'), (3, 'c', null)`);
      driver = bench().driver({ timestamp });
      await driver.sync();
    });

    const checkpoint = async (): Promise<string> => {
      const rows = await bench().rows(`select cast(checkpoint as text) as "checkpoint" from ${bench().state('checkpoints_people_to_crm')}`);
      return String(rows[0]?.['checkpoint']);
    };

    it('moves its checkpoint to the latest time that it has settled', async () => {
      assert.match(await checkpoint(), /^2026-01-01 10:00:00/);
      await bench().run(`update people set name = 'B', updated_at = timestamp '2026-01-02 00:00:00' where id = 2`);
      assert.deepEqual(sentBy(await driver.sync()), ['updated 2']);
      assert.match(await checkpoint(), /^2026-01-02 00:00:00/);
    });

    it('looks at what is recent, at equal times, and at what has no time; not at the rest', async () => {
      await bench().run(`
        update people set name = 'A' where id = 1;
        update people set name = 'C' where id = 3;
        insert into people values (4, 'd', timestamp '2026-01-01 10:00:00')`);
      assert.deepEqual(sentBy(await driver.sync()), ['new 4', 'updated 3']);
    });

    it('finds rows that arrive late by up to the lookback', async () => {
      await bench().run(`insert into people values (4, 'd', timestamp '2026-01-01 09:00:00'), (5, 'e', timestamp '2026-01-01 08:59:59')`);
      assert.deepEqual(sentBy(await driver.sync()), ['new 4']);
    });

    it('finds deletions, and what it left out, by a full diff', async () => {
      await bench().run(`delete from people where id = 2; update people set name = 'A' where id = 1`);
      assert.deepEqual(sentBy(await driver.sync()), []);
      assert.deepEqual(sentBy(await driver.sync({ full: true })), ['deleted 2', 'updated 1']);
    });

    it('is looked at as a whole once a full diff is due', async () => {
      await bench().run(`delete from people where id = 2`);
      const due = bench().driver({ timestamp: { ...timestamp, fullDiffEveryMs: 0 } });
      assert.deepEqual(sentBy(await due.sync()), ['deleted 2']);
    });

    it('is looked at as a whole when its query or its timestamp column changes', async () => {
      await bench().run(`delete from people where id = 2`);
      assert.deepEqual(sentBy(await bench().driver({ timestamp, query: 'select * from people where id > 0' }).sync()), ['deleted 2']);
    });

    it('never takes a time in the future for a checkpoint', async () => {
      await bench().run(`insert into people values (4, 'd', timestamp '2999-01-01 00:00:00')`);
      await driver.sync();
      assert.match(await checkpoint(), /^2026-01-01 10:00:00/);
      await bench().run(`insert into people values (5, 'e', timestamp '2026-01-01 11:00:00')`);
      assert.deepEqual(sentBy(await driver.sync()), ['new 5']);
    });

    it('is looked at as a whole, and its checkpoint comes back, after the clock was set back', async () => {
      await bench().run(`update ${bench().state('checkpoints_people_to_crm')} set checkpoint = timestamp '2999-01-01 00:00:00'`);
      await bench().run(`delete from people where id = 2; insert into people values (4, 'd', timestamp '2026-01-05 00:00:00')`);
      assert.deepEqual(sentBy(await driver.sync()), ['deleted 2', 'new 4']);
      assert.match(await checkpoint(), /^2026-01-05 00:00:00/);
      await bench().run(`delete from people where id = 1`);
      assert.deepEqual(sentBy(await driver.sync()), [], 'from here on only what is recent');
      await bench().run(`update ${bench().state('state_people_to_crm')} set full_diff_at = timestamp '2999-01-01 00:00:00'`);
      assert.deepEqual(sentBy(await driver.sync()), ['deleted 1']);
    });

    it('sends failures again however old they are, and clears those that were reverted', async () => {
      await bench().run(`
        update people set name = 'A', updated_at = timestamp '2026-01-02 00:00:00' where id = 1;
        update people set name = 'C' where id = 3`);
      await driver.sync({ fate: () => 'refused' });
      await bench().run(`update people set updated_at = timestamp '2020-01-01 00:00:00' where id = 1; update people set name = 'c' where id = 3`);
      assert.deepEqual(sentBy(await driver.sync()), ['updated 1']);
      assert.deepEqual(await bench().failures(), []);
    });

    it('stays where it is while something below it was not sent', async () => {
      await bench().run(`insert into people values (4, 'd', timestamp '2026-01-03 00:00:00')`);
      await driver.sync({ fate: () => 'not_sent' });
      assert.match(await checkpoint(), /^2026-01-01 10:00:00/);
      await bench().run(`insert into people values (5, 'e', timestamp '2026-01-05 00:00:00')`);
      assert.deepEqual(sentBy(await driver.sync()), ['new 4', 'new 5']);
    });

    it('looks again at rejected records, however old they are', async () => {
      await bench().run(`insert into people values (4, 'd', timestamp '2026-01-02 00:00:00'), (4, 'dd', timestamp '2026-01-02 00:00:00'), (5, 'e', timestamp '2026-02-01 00:00:00')`);
      const { diff } = await driver.sync();
      assert.equal(diff.extracted.rejected, 2);
      await bench().run(`delete from people where name = 'dd'`);
      assert.deepEqual(sentBy(await driver.sync()), ['new 4']);
    });

    it('needs a column that is a time', async () => {
      await assert.rejects(bench().driver({ timestamp: { ...timestamp, column: 'name' } }).sync(), /the timestamp column "name" is of type (text|varchar)/i);
    });
  });
}
