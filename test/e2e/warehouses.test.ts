import assert from 'node:assert/strict';
import type { SourceConfig } from '../../src/config/index.js';
import { openDuckdb } from '../conformance/duckdb-harness.js';
import { openSnowflake } from '../conformance/snowflake-harness.js';
import type { WarehouseHarness } from '../conformance/warehouse-suite.js';
import { createRig, subscribeTo, type Rig } from '../support/sluice.js';
import { needsSnowflake } from '../support/snowflake/needs.js';

interface Opened {
  readonly harness: WarehouseHarness;
  readonly source: SourceConfig;
}

/** PostgreSQL is what all the other tests sync from. */
const places: readonly { readonly name: string; readonly open: () => Promise<Opened>; readonly needs?: () => void }[] = [
  {
    name: 'DuckDB',
    open: async () => {
      const harness = await openDuckdb();
      return { harness, source: { type: 'duckdb', ...harness.settings } };
    },
  },
  {
    name: 'Snowflake',
    open: async () => {
      const harness = await openSnowflake();
      return { harness, source: { type: 'snowflake', ...harness.settings } };
    },
    needs: needsSnowflake,
  },
];

for (const { name, open, needs } of places) {
  describe(`a whole sync from ${name}`, function () {
    this.timeout(120_000);
    let harness: WarehouseHarness;
    let rig: Rig;
    needs?.();
    before(async () => {
      const opened = await open();
      harness = opened.harness;
      rig = await createRig();
      await rig.startWorker({ ...rig.configuration, sources: { ...rig.configuration.sources, other: opened.source } });
    });
    after(async () => {
      await rig.stop();
      await harness.clear();
      await harness.close();
    });

    it('sends what is new, then what changed, with closed books', async () => {
      const rows = Array.from({ length: 40 }, (_, index) => `(${index + 1}, 'person ${index + 1}')`);
      await harness.run(`create table people (id bigint, name text); insert into people values ${rows.join(', ')}`);
      const model = { ...rig.subscription.model, source: 'other', query: 'SELECT "id", "name" FROM "people"' };
      const people = await subscribeTo(rig, { ...rig.subscription, id: 'people_from_other', model });
      const first = await people.sync();
      assert.deepEqual([first.status, first.succeeded], ['succeeded', 40]);
      await harness.run(`update people set name = 'changed' where id = 1; delete from people where id = 2; insert into people values (41, 'added')`);
      const second = await people.sync();
      assert.deepEqual([second.status, second.extracted], ['succeeded', { added: 1, updated: 1, deleted: 1, rejected: 0 }]);
    });
  });
}
