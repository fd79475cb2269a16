import assert from 'node:assert/strict';
import type { SyncOptions } from './warehouse-driver.js';
import { benchOf, type Bench, type SubscriptionOptions, type WarehouseHarness } from './warehouse-suite.js';

/** What happened to `people` before a sync, how it is synced, and how many of its rows are then rejected. */
type Step = readonly [what: string, sql: string, rejected: number, options?: SyncOptions];

const source = 'people where (select nextval(\'runs\')) > 0'; // once a run, whatever the plan
const query = `select id, name from ${source}`;
const timed = { query: `select * from ${source}`, timestamp: { column: 'at', lookbackMs: 0, fullDiffEveryMs: 86_400_000 } };
const refused: SyncOptions = { fate: () => 'refused' };

const stories: readonly (readonly [name: string, subscription: SubscriptionOptions, steps: readonly Step[]])[] = [
  ['as a whole', { query }, [
    ['the first sync', `insert into people select n, 'person ' || n, '2026-01-01' from generate_series(1, 200) n; insert into people values (201, 'a'), (201, 'b'), (null, 'c')`, 3],
    ['nothing changed', '', 3],
    ['duplicates vanished, others changed', `delete from people where id is null or id > 200; update people set name = 'x' where id < 10; delete from people where id = 200`, 0, refused],
    ['failures, and nothing else', '', 0],
    ['duplicates among unchanged rows', `insert into people select * from people where id between 100 and 149`, 100],
    ['the same duplicates still', '', 100],
    ['more of them, a changed one beside an unchanged one, one added twice', `insert into people select * from people where id in (1, 100); insert into people values (2, 'y'), (300, 'z'), (300, 'z')`, 108],
    ['all repeated', 'insert into people select * from people', 510],
    ['single again', 'delete from people a using people b where a.id = b.id and a.ctid > b.ctid', 0],
    ['a full diff', '', 0, { full: true }],
  ]],
  ['in a timestamp window', timed, [
    ['the first sync', `insert into people select n, 'person ' || n, '2026-01-01' from generate_series(1, 50) n`, 0],
    ['nothing changed', '', 0],
    ['changed rows, a repeated one and an unchanged one repeated', `insert into people values (51, 'a', '2026-01-02'), (52, 'b', '2026-01-02'), (52, 'b', '2026-01-02'); insert into people select * from people where id = 50`, 4],
    ['the same still', '', 4],
    ['a full diff', 'delete from people where id = 52', 2, { full: true }],
  ]],
];

/** Counts runs of the model's query by a sequence in it. */
export function postgresOnceLaws(open: () => Promise<WarehouseHarness>): void {
  describe('a model’s query', () => {
    let harness: WarehouseHarness;
    let bench: Bench;
    const runs = async (): Promise<number> => Number((await harness.rows('select case when is_called then last_value else 0 end as runs from runs'))[0]?.['runs']);

    before(async () => {
      harness = await open();
      bench = benchOf(harness);
    });
    beforeEach(() => harness.run('create sequence runs; create table people (id bigint, name text, at timestamptz)'));
    afterEach(() => harness.clear());
    after(() => harness.close());

    for (const [name, subscription, steps] of stories) {
      it(`${name} runs once a sync, whatever changed and whichever duplicates there are`, async () => {
        const driver = bench.driver(subscription);
        for (const [what, sql, rejected, options] of steps) {
          await harness.run(sql);
          const before = await runs();
          const { result } = await driver.sync(options);
          assert.deepEqual([(await runs()) - before, result.extracted.rejected], [1, rejected], what);
        }
      });
    }

    it('runs once too where its columns changed, after a reset, over the limit, and in a dry run', async () => {
      await harness.run(`insert into people select n, 'person ' || n from generate_series(1, 20) n`);
      await bench.driver({ query }).sync();
      await harness.run('insert into people select * from people where id < 5');
      const before = await runs();
      const driver = bench.driver({ query: `select id, name, 1 as one from ${source}`, maxRecordsPerSync: 10 });
      await driver.warehouse.dryRun(driver.subscription, false, new AbortController().signal);
      await driver.sync();
      await driver.warehouse.resetState(driver.subscription, 'crm');
      await driver.sync();
      assert.equal((await runs()) - before, 3);
    });
  });
}
