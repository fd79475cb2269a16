import assert from 'node:assert/strict';
import { sentBy, type StagedEvent } from './warehouse-driver.js';
import { benchOf, type Bench, type WarehouseHarness } from './warehouse-suite.js';
import { typeCases, typeSetup, type TypeCase } from './postgres-values.js';

const literal = (text: string | null, type: string): string => (text === null ? 'null' : `'${text.replaceAll("'", "''")}'::${type}`);

/** One row for each sample: `<type>/<place>` with a value in that type's column alone. Null is a sample of every type. */
interface Row {
  readonly id: string;
  readonly column: string;
  readonly type: string;
  readonly values: TypeCase['samples'][number][] | readonly (readonly [string | null, unknown?])[];
  readonly place: number;
}

const rows: readonly Row[] = typeCases.flatMap(({ type, samples }, index) => {
  const values = [...samples, [null, null] as const];
  return values.map((_, place) => ({ id: `${type}/${place}`, column: `v${index}`, type, values, place }));
});

/** In round r a row is r(r+1)/2 places further, so that each value of a type is followed by each other in some round, and by itself in some. */
function sampleIn(row: Row, round: number): readonly [string | null, unknown?] {
  return row.values[(row.place + (round * (round + 1)) / 2) % row.values.length] ?? [null];
}

/** Finds the table also without a search path. */
const wherever = 'select * from public.people';

/** What is PostgreSQL's alone: its types. */
export function postgresTypeLaws(open: () => Promise<WarehouseHarness>): void {
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

    const createSamples = () => {
      const columns = typeCases.map(({ type }, index) => `v${index} ${type}`).join(', ');
      const inserts = rows.map((row) => `insert into people (id, ${row.column}) values ('${row.id.replaceAll("'", "''")}', ${literal(sampleIn(row, 0)[0], row.type)})`);
      return harness.run(`create table people (id text primary key, ${columns}); ${inserts.join('; ')}`);
    };

    it('have samples here that read differently, each', async () => {
      await createSamples();
      for (const [index, { type, samples }] of typeCases.entries()) {
        const [found] = await harness.rows(`select count(distinct v${index}::text collate "C") as "distinct" from people`);
        assert.equal(Number(found?.['distinct']), samples.length, type);
      }
    });

    it('tell each value from each other, and take the same value as unchanged', async () => {
      await createSamples();
      const driver = bench.driver();
      assert.equal((await driver.sync()).result.succeeded, rows.length);
      const rounds = Math.max(...rows.map((row) => row.values.length));
      for (let round = 1; round <= rounds; round++) {
        await harness.run(rows.map((row) => `update people set ${row.column} = ${literal(sampleIn(row, round)[0], row.type)} where id = '${row.id}'`).join('; '));
        const changed = rows.filter((row) => round % row.values.length !== 0).map((row) => `updated ${row.id}`);
        const sent = new Set(sentBy(await driver.sync()));
        assert.deepEqual({ missed: changed.filter((id) => !sent.has(id)), phantom: [...sent].filter((id) => !changed.includes(id)) }, { missed: [], phantom: [] }, `round ${round}`);
      }
    });

    it('arrive as documented, on one line, from wherever Sluice connects', async () => {
      await createSamples();
      for (const elsewhere of [false, true]) {
        const driver = bench.driver({ id: elsewhere ? 'elsewhere' : 'here', query: wherever, elsewhere });
        const events = new Map((await driver.sync()).events.map((event): [string, StagedEvent] => [event.__segment_id, event]));
        for (const row of rows) {
          const sample = sampleIn(row, 0);
          if (sample.length === 2) assert.deepEqual(events.get(row.id)?.properties[row.column], sample[1], `${row.id} ${sample[0]}`);
        }
      }
    });

    it('read the same from wherever Sluice connects', async () => {
      await createSamples();
      await bench.driver({ query: wherever }).sync();
      assert.deepEqual(sentBy(await bench.driver({ query: wherever, elsewhere: true }).sync()), []);
    });

    const identifiers = ['smallint', 'bigint', 'numeric', 'boolean', 'uuid', 'character(3)', 'character varying(20)', 'bytea', 'date', 'timestamp with time zone', 'interval', 'inet', 'mood', 'big', 'pair', 'integer[]', 'citext', 'jsonb', 'point'];
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
