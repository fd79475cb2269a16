import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { limits } from '../../src/domain/limits.js';
import { openPostgres, type PostgresHarness } from './postgres-harness.js';
import { sentBy } from './warehouse-driver.js';
import { benchOf, type Bench, type WarehouseHarness } from './warehouse-suite.js';
import { typeLaws, type Types } from './warehouse-suite-types.js';
import { typeCases, typeSetup } from './postgres-values.js';

const literal = (text: string | null, type: string): string => (text === null ? 'null' : `'${text.replaceAll("'", "''")}'::${type}`);

const types: Types = { cases: typeCases, literal: ([text], { type }) => literal(text, type), query: 'select * from public.people', countDistinct: (column) => `count(distinct ${column}::text collate "C")` };

/** What is PostgreSQL's alone: its types. */
export function postgresTypeLaws(open: () => Promise<PostgresHarness>): void {
  describe('PostgreSQL’s types', function () {
    this.timeout(60_000);
    let harness: WarehouseHarness;
    let bench: Bench;

    before(async () => {
      harness = await open();
      bench = benchOf(harness);
    });
    beforeEach(() => harness.run(typeSetup));
    afterEach(() => harness.clear());
    after(() => harness.close());

    typeLaws(() => bench, types);

    const identifiers = ['smallint', 'bigint', 'numeric', 'boolean', 'uuid', 'character(3)', 'character varying(20)', 'bytea', 'date', 'timestamp with time zone', 'interval', 'inet', 'name', 'double precision', 'mood', 'big', 'pair', 'integer[]', 'citext', 'jsonb', 'point'];
    it('identify records by their text, whichever they are', async () => {
      for (const [index, type] of identifiers.entries()) {
        const samples = typeCases.find((one) => one.type === type)?.samples ?? [];
        const table = `t${index}`;
        await harness.run(`create table ${table} (id ${type}, name text); insert into ${table} values ${samples.map(([text]) => `(${literal(text, type)}, 'x')`).join(', ')}`);
        const driver = bench.driver({ id: table, query: `select * from public.${table}` });
        const { events, result } = await driver.sync();
        assert.deepEqual([result.extracted.added, result.extracted.rejected], [samples.length, 0], type);
        const ids = await harness.rows(`select id::text as id from ${table}`);
        assert.deepEqual(events.map((event) => event.__segment_id).sort(), ids.map(({ id }) => String(id)).sort(), type);
        assert.deepEqual(sentBy(await bench.driver({ id: table, query: `select * from public.${table}`, elsewhere: true }).sync()), [], type);
        await harness.run(`delete from ${table}`);
        assert.equal((await driver.sync()).result.extracted.deleted, samples.length, type);
      }
    });

    it('may be collated so that different texts are equal, and are told apart all the same', async () => {
      await harness.run(`
        create collation careless (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
        create table people (id text collate careless, name text collate careless);
        insert into people values ('a', 'x'), ('A', 'x'), ('á', 'é')`);
      const driver = bench.driver();
      assert.deepEqual(sentBy(await driver.sync()), ['new A', 'new a', 'new á']);
      await harness.run(`update people set name = upper(name)`);
      assert.deepEqual(sentBy(await driver.sync()), ['updated A', 'updated a', 'updated á']);
      assert.deepEqual(sentBy(await driver.sync()), []);
    });

    it('may be texts whose collation a query leaves open', async () => {
      await harness.run(`create table people (id text collate "C", name text collate "POSIX"); insert into people values ('a', 'b')`);
      const [event] = (await bench.driver({ query: 'select id, id || name as both from people' }).sync()).events;
      assert.deepEqual(event?.properties, { id: 'a', both: 'ab' });
    });

    it('may stand in as many columns as a row can hold only elsewhere', async () => {
      const values = typeCases.flatMap(({ samples, type }) => samples.map(([text]) => literal(text, type))).slice(0, 255);
      const { events } = await bench.driver({ query: `select 1 as id, ${values.map((value, place) => `${value} as x${place}`).join(', ')}` }).sync();
      assert.equal(Object.keys(events[0]?.properties ?? {}).length, 256);
    });

    it('may be any that the server has', async () => {
      const found = await harness.rows(`
        select format_type(oid, null) as type from pg_type
        where typtype in ('b', 'r', 'm') and typisdefined and typcategory not in ('X', 'P') and format_type(oid, null) not like 'information_schema.%' order by oid`);
      const columns = found.map(({ type }, index) => `null::${String(type)} as x${index}`);
      for (let from = 0; from < columns.length; from += 500) {
        const driver = bench.driver({ id: `from_${from}`, query: `select 1 as id, ${columns.slice(from, from + 500).join(', ')}` });
        assert.deepEqual([sentBy(await driver.sync()), sentBy(await driver.sync())], [['new 1'], []]);
      }
    });

    it('may be those that only a query can show', async () => {
      await bench.createPeople(1);
      const query = `select id, row(id, name) as r, array[row(1, name)] as rs, null as n, 'x' as u, (select p from people p) as whole, current_date - current_date as zero from people`;
      const driver = bench.driver({ query });
      const [event] = (await driver.sync()).events;
      const person = { id: 1, name: 'person 1' };
      assert.deepEqual(event?.properties, { id: 1, r: { f1: 1, f2: 'person 1' }, rs: [{ f1: 1, f2: 'person 1' }], n: null, u: 'x', whole: person, zero: 0 });
      assert.deepEqual(sentBy(await driver.sync()), []);
    });
  });

  describe('PostgreSQL as a warehouse', () => {
    let harness: PostgresHarness;
    let bench: Bench;
    before(async () => {
      harness = await open();
      bench = benchOf(harness);
    });
    afterEach(() => harness.clear());
    after(() => harness.close());

    it('takes any query that is one statement', async () => {
      await bench.createPeople(2);
      const queries = ['table people', `values (1, 'person 1'), (2, 'person 2')`, 'with p as (select * from people) select * from p -- why', 'select * from people order by id desc limit 10', 'select distinct id, name from people for update'];
      for (const [index, query] of queries.entries()) {
        const driver = bench.driver({ id: `q${index}`, query, identifier: query.startsWith('values') ? 'column1' : 'id' });
        if (query.endsWith('for update')) await assert.rejects(driver.sync(), /0A000/);
        else assert.deepEqual(sentBy(await driver.sync()), ['new 1', 'new 2'], query);
      }
    });

    it('keeps record ids bytewise, also in a records table that the first sync filled', async () => {
      await bench.createPeople(2);
      const driver = bench.driver();
      await driver.sync();
      const collations = await harness.rows(`
        select c.relname, co.collname from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_collation co on co.oid = a.attcollation
        where c.relname like '%_people_to_crm' and a.attname = 'record_id' and a.attnum > 0 order by 1`);
      assert.deepEqual(collations.map(({ relname, collname }) => `${String(relname)} ${String(collname)}`), ['failures', 'outcomes', 'records', 'rejections'].map((table) => `${table}_people_to_crm C`));
      const key = await harness.rows(`select 1 from pg_index where indrelid = '${harness.state('records_people_to_crm')}'::regclass and indisprimary`);
      assert.equal(key.length, 1);
    });

    it('measures a large record whose JSON has characters that no text can have, and sends it', async () => {
      const texts = [String.raw`"\u0000"`, String.raw`"\ud800"`, String.raw`"\\u0000\\"`];
      const rows = texts.map((text, id) => `(${id}, '${text}', repeat('x', ${limits.valueBytes - 2}))`);
      await harness.run(`create table people (id bigint, extra json, "say ""\\""" text); insert into people values ${rows.join(', ')}, (3, '"\\u0000"', repeat('x', ${limits.valueBytes}))`);
      const driver = bench.driver();
      const first = await driver.sync();
      assert.deepEqual([sentBy(first), first.result.extracted.rejected], [['new 0', 'new 1', 'new 2'], 1]);
      assert.deepEqual(new Map(first.events.map((event) => [event.__segment_id, event.properties['extra']])), new Map(texts.map((text, id) => [String(id), JSON.parse(text)])));
      const { rejections } = await driver.warehouse.failures('people_to_crm', 1);
      assert.equal(rejections[0]?.reason, `column "say "\\"" of ${limits.valueBytes + 2} bytes is over the limit of ${limits.valueBytes}`);
    });

    it('sends each value under its own name, also when the model’s columns change while a diff begins', async () => {
      await harness.run(`create table people (id bigint, first text, last text); insert into people values (1, 'Ada', 'Lovelace')`);
      const driver = bench.driver();
      await driver.sync();
      await harness.run(`update people set first = 'Augusta'`);
      const waiting = async (count: number): Promise<boolean> => Number((await harness.rows('select count(*) as count from pg_locks where not granted'))[0]?.['count']) >= count;
      const sync = await driver.open();
      const other = new pg.Client({ connectionString: harness.url });
      await other.connect();
      await other.query(`begin; lock table ${harness.state('failures_people_to_crm')} in access exclusive mode`);
      const diff = driver.diff(sync);
      while (!(await waiting(1))) await sleep(5);
      const swapped = { done: false };
      const swap = harness.run(`drop table people; create table people (id bigint, last text, first text); insert into people values (1, 'Lovelace', 'Augusta')`).then(() => (swapped.done = true));
      while (!swapped.done && !(await waiting(2))) await sleep(5);
      await other.end();
      await Promise.all([diff, swap]);
      const [event] = [...(await driver.read(sync)).events.values()].flat();
      assert.deepEqual(event?.properties, { id: 1, first: 'Augusta', last: 'Lovelace' });
      await driver.settleDead(sync);
      assert.deepEqual((await driver.sync()).events.map(({ properties }) => properties), [{ id: 1, last: 'Lovelace', first: 'Augusta' }]);
    });

    it('takes no infinite time for a checkpoint, and finds such rows all the same', async () => {
      const timestamp = { column: 'at', lookbackMs: 0, fullDiffEveryMs: 86_400_000 };
      await harness.run(`create table people (id bigint, name text, at timestamptz); insert into people values (1, 'a', 'infinity'), (2, 'b', '-infinity'), (3, 'c', '2026-01-01')`);
      const driver = bench.driver({ timestamp });
      assert.deepEqual(sentBy(await driver.sync()), ['new 1', 'new 2', 'new 3']);
      await harness.run(`update people set name = 'x'; insert into people values (4, 'd', 'infinity'), (5, 'e', '2026-01-02')`);
      assert.deepEqual(sentBy(await driver.sync()), ['new 4', 'new 5', 'updated 1', 'updated 3']);
      assert.deepEqual(sentBy(await driver.sync({ full: true })), ['updated 2']);
    });

    it('refuses checksums that another algorithm made, until a reset, rather than sending everything again', async () => {
      await bench.createPeople(2);
      const driver = bench.driver();
      await driver.sync();
      await harness.run(`update ${harness.state('state_people_to_crm')} set algorithm = algorithm + 1`);
      const sync = await driver.open();
      await assert.rejects(driver.diff(sync), /checksum algorithm 2 .* reset the subscription/);
      await driver.settleDead(sync);
      await driver.warehouse.resetState(driver.subscription, 'crm');
      assert.deepEqual(sentBy(await driver.sync()), ['new 1', 'new 2']);
    });

    describe('tables of an earlier version', () => {
      const makeOld = async (): Promise<void> => {
        for (const [table, column] of [['syncs', 'ambiguous'], ['syncs', 'staged'], ['syncs', 'replayed'], ['syncs', 'superseded'], ['failures', 'code'], ['outcomes', 'code']]) {
          await harness.run(`alter table ${harness.state(`${table}_people_to_crm`)} drop column ${column}`);
        }
      };

      it('can be read as they are, and are brought up to date by the next sync', async () => {
        await bench.createPeople(2);
        const driver = bench.driver();
        await driver.sync({ fate: () => 'refused' });
        await makeOld();
        assert.deepEqual((await driver.warehouse.failures('people_to_crm', 10)).failures.map(({ code }) => code), [null, null]);
        assert.deepEqual((await driver.warehouse.history('people_to_crm', 10)).map(({ failed, ambiguous }) => [failed, ambiguous]), [[2, 0]]);
        await driver.sync({ fate: () => 'refused' });
        assert.deepEqual((await driver.warehouse.failures('people_to_crm', 10)).failures.map(({ code }) => code), ['422', '422']);
      });

      it('let a sync end that began under that version', async () => {
        await bench.createPeople(2);
        const driver = bench.driver();
        const sync = await driver.open();
        await driver.diff(sync);
        const staged = await driver.read(sync);
        await makeOld();
        for (const chunk of await driver.warehouse.registerChunks(sync, staged.chunks)) await driver.load(sync, chunk, staged.events.get(chunk.chunk) ?? []);
        assert.equal((await driver.warehouse.settleSync(sync, null)).status, 'succeeded');
        assert.deepEqual(sentBy(await driver.sync()), []);
      });

      it('let a sync be settled that died under that version', async () => {
        await bench.createPeople(2);
        const driver = bench.driver();
        const sync = await driver.open();
        await driver.diff(sync);
        await makeOld();
        assert.deepEqual([(await driver.settleDead(sync)).ambiguous, sentBy(await driver.sync())], [0, ['new 1', 'new 2']]);
      });
    });

    describe('records', () => {
      let latin: WarehouseHarness;
      before(async () => {
        latin = await openPostgres('LATIN1');
      });
      afterEach(() => latin.clear());
      after(() => latin.close());

      it('in a database of another encoding are sent as the same texts, names and identifiers', async () => {
        const people = [{ 'né': 'é"', 'ü\nü': 'ÿ\u0001\\' }, { 'né': 'É', 'ü\nü': '' }];
        await latin.run(`create table people ("né" text, "ü\nü" text); insert into people values ${people.map((one) => `('${Object.values(one).join(`', '`)}')`).join(', ')}`);
        const driver = benchOf(latin).driver({ identifier: 'né' });
        const { events } = await driver.sync({ fate: (event) => (event.__segment_id === 'É' ? 'refused' : 'taken') });
        assert.deepEqual(new Map(events.map((event) => [event.__segment_id, event.properties])), new Map(people.map((one) => [one['né'], one])));
        await latin.run(`delete from people where "né" <> 'É'`);
        assert.deepEqual(sentBy(await driver.sync()), ['deleted é"', 'new É']);
      });

      it('in a database of another encoding may fail in words that it lacks characters for', async () => {
        await latin.run(`create table people (id bigint, name text); insert into people values (1, 'a')`);
        const driver = benchOf(latin).driver();
        const failed = await driver.sync({ fate: () => 'refused', reason: 'abgelehnt – отказ… 😀', end: { kind: 'failed', message: 'column “x”' } });
        assert.deepEqual([failed.result.failed, failed.result.error], [1, 'column ?x?']);
        assert.equal((await driver.warehouse.failures('people_to_crm', 1)).failures[0]?.reason, 'abgelehnt ? ?????? ?');
        assert.deepEqual(sentBy(await driver.sync()), ['new 1']);
      });

      it('in a database of another encoding are measured as the bytes that a destination gets', async () => {
        const most = limits.valueBytes / 2 - 1;
        await latin.run(`create table people (id bigint, name text); insert into people values (1, repeat('é', ${most})), (2, repeat('é', ${most + 1}))`);
        const driver = benchOf(latin).driver();
        const first = await driver.sync();
        assert.deepEqual([sentBy(first), first.result.extracted.rejected], [['new 1'], 1]);
        await latin.run(`update people set name = repeat('ü', ${most + 2} - id::int)`);
        const second = await driver.sync();
        assert.deepEqual([sentBy(second), second.result.extracted.rejected], [['new 2'], 1]);
      });
    });

    it('says what is wrong with a query, and never the values that it met', async () => {
      await harness.run(`create table people (id bigint, name text); insert into people values (1, 'a-secret')`);
      const failing: [query: string, message: RegExp][] = [
        ['select * from nowhere', /42P01.*nowhere/],
        ['selct * from people', /42601/],
        ['select id, name::integer as n from people', /22P02/],
        ['select id, 1 / (id - 1) as n from people', /22012.*division by zero/],
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
