import assert from 'node:assert/strict';
import { openSnowflake, type SnowflakeHarness } from '../conformance/snowflake-harness.js';
import { createRig, subscribeTo, type Rig } from '../support/sluice.js';
import { needsSnowflake } from '../support/snowflake/needs.js';

describe('a whole sync from Snowflake', function () {
  this.timeout(120_000);
  let snowflake: SnowflakeHarness;
  let rig: Rig;
  needsSnowflake();
  before(async () => {
    snowflake = await openSnowflake();
    rig = await createRig();
    await rig.startWorker({ ...rig.configuration, sources: { ...rig.configuration.sources, snow: { type: 'snowflake', ...snowflake.settings } } });
  });
  after(async () => {
    await rig.stop();
    await snowflake.clear();
    await snowflake.close();
  });

  it('sends what is new, then what changed, with closed books', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => `(${index + 1}, 'person ${index + 1}')`);
    await snowflake.run(`create table people (id bigint, name text); insert into people values ${rows.join(', ')}`);
    const model = { ...rig.subscription.model, source: 'snow', query: 'SELECT "id", "name" FROM "people"' };
    const people = await subscribeTo(rig, { ...rig.subscription, id: 'people_from_snow', model });
    const first = await people.sync();
    assert.deepEqual([first.status, first.succeeded], ['succeeded', 40]);
    await snowflake.run(`update people set name = 'changed' where id = 1; delete from people where id = 2; insert into people values (41, 'added')`);
    const second = await people.sync();
    assert.deepEqual([second.status, second.extracted], ['succeeded', { added: 1, updated: 1, deleted: 1, rejected: 0 }]);
  });
});
