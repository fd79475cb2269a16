import assert from 'node:assert/strict';
import { typeCases, typeSetup } from './duckdb-values.js';
import type { TypeCase } from './type-cases.js';
import { sentBy } from './warehouse-driver.js';
import { benchOf, type Bench, type WarehouseHarness } from './warehouse-suite.js';
import { typeLaws, type Types } from './warehouse-suite-types.js';

/** A NUL, a line break or a quote in a literal goes through as it is. */
const literal = ([text]: readonly [text: string | null, json?: unknown], { type, made }: Pick<TypeCase, 'type' | 'made'>): string => {
  if (text === null) return 'null';
  return made === true ? `cast(${text} as ${type})` : `cast('${text.replaceAll("'", "''")}' as ${type.replace(' COLLATE NOCASE', '')})`;
};

const types: Types = { cases: typeCases, literal, query: 'select * from main.people', countDistinct: (column) => `count(distinct cast(${column} as varchar) collate "binary")` };

/** What is DuckDB's alone: its types. */
export function duckdbTypeLaws(open: () => Promise<WarehouseHarness>): void {
  describe('DuckDB’s types', function () {
    this.timeout(60_000);
    let harness: WarehouseHarness;
    let bench: Bench;

    before(async () => {
      harness = await open();
      bench = benchOf(harness);
      await harness.run(typeSetup);
    });
    afterEach(() => harness.clear());
    after(() => harness.close());

    typeLaws(() => bench, types);

    const identifiers = ['SMALLINT', 'BIGINT', 'HUGEINT', 'DECIMAL(38,10)', 'BOOLEAN', 'UUID', 'BLOB', 'BIT', 'DATE', 'TIMESTAMP WITH TIME ZONE', 'INTERVAL', 'mood', 'VARCHAR COLLATE NOCASE', 'JSON', 'INTEGER[]'];
    it('identify records by their text, whichever they are', async () => {
      for (const [index, type] of identifiers.entries()) {
        const found = typeCases.find((one) => one.type === type);
        assert.ok(found, type);
        const table = `t${index}`;
        await harness.run(`create table ${table} (id ${type}, name text); insert into ${table} values ${found.samples.map((sample) => `(${literal(sample, found)}, 'x')`).join(', ')}`);
        const driver = bench.driver({ id: table, query: `select * from ${table}` });
        const { events, result } = await driver.sync();
        assert.deepEqual([result.extracted.added, result.extracted.rejected], [found.samples.length, 0], type);
        const ids = await harness.rows(`select cast(id as varchar) as id from ${table}`);
        assert.deepEqual(events.map((event) => event.__segment_id).sort(), ids.map(({ id }) => String(id)).sort(), type);
        await harness.run(`delete from ${table}`);
        assert.equal((await driver.sync()).result.extracted.deleted, found.samples.length, type);
      }
    });

    it('may be those that only a query can show', async () => {
      await bench.createPeople(1);
      const query = `select id, row(id, name) as r, [row(1, name)] as rs, null as n, 'x' as u, current_date - current_date as zero, count(*) over () as c, id = 1 as b, id::variant as v from people`;
      const driver = bench.driver({ query });
      const [event] = (await driver.sync()).events;
      assert.deepEqual(event?.properties, { id: 1, r: { f1: 1, f2: 'person 1' }, rs: [{ f1: 1, f2: 'person 1' }], n: null, u: 'x', zero: 0, c: 1, b: true, v: '1' });
      assert.deepEqual(sentBy(await driver.sync()), []);
      assert.deepEqual(sentBy(await bench.driver({ query: query.replace('id::variant', 'id::varchar::variant') }).sync()), ['updated 1']);
    });
  });

  describe('DuckDB as a warehouse', () => {
    let harness: WarehouseHarness;
    let bench: Bench;
    before(async () => {
      harness = await open();
      bench = benchOf(harness);
    });
    afterEach(() => harness.clear());
    after(() => harness.close());

    it('takes any query that is one statement', async () => {
      await bench.createPeople(2);
      const queries = ['table people', 'from people', `values (1, 'person 1'), (2, 'person 2')`, 'with p as (select * from people) select * from p -- why', 'select * from people order by id desc limit 10', 'select distinct id, name from people'];
      for (const [index, query] of queries.entries()) {
        const driver = bench.driver({ id: `q${index}`, query, identifier: query.startsWith('values') ? 'col0' : 'id' });
        assert.deepEqual(sentBy(await driver.sync()), ['new 1', 'new 2'], query);
      }
      for (const query of ['delete from people', 'create table x as select 1 as id', 'select 1 as id; select 2 as id']) {
        const driver = bench.driver({ id: 'not_a_query', query });
        const sync = await driver.open();
        await assert.rejects(driver.diff(sync), /Parser Error|Invalid Input Error/, query);
        await driver.settleDead(sync);
      }
    });

    it('refuses checksums that another algorithm made, until a reset, rather than sending everything again', async () => {
      await bench.createPeople(2);
      const driver = bench.driver();
      await driver.sync();
      await harness.run(`update ${harness.state('state_people_to_crm')} set algorithm = 2`);
      const sync = await driver.open();
      await assert.rejects(driver.diff(sync), /checksum algorithm 2 .* reset the subscription/);
      await driver.settleDead(sync);
      await driver.warehouse.resetState(driver.subscription, 'crm');
      assert.deepEqual(sentBy(await driver.sync()), ['new 1', 'new 2']);
    });

    it('says what is wrong with a query, and never the values that it met', async () => {
      await harness.run(`create table people (id bigint, name text); insert into people values (1, 'a-secret')`);
      const failing: [query: string, message: RegExp][] = [
        ['select * from nowhere', /Catalog Error.*nowhere/],
        ['selct * from people', /Parser Error/],
        ['select id, cast(name as integer) as n from people', /Conversion Error/],
        ['select id, error(name) as n from people', /Invalid Input Error/],
      ];
      for (const [query, message] of failing) {
        const driver = bench.driver({ query });
        const sync = await driver.open();
        await assert.rejects(driver.diff(sync), (error: Error) => message.test(error.message) && !JSON.stringify([error.message, error.stack]).includes('a-secret'), query);
        await driver.settleDead(sync);
      }
    });
  });
}
