import assert from 'node:assert/strict';
import { limits } from '../../src/domain/limits.js';
import { ModelError } from '../../src/errors/errors.js';
import { sentBy } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

export function rejectionLaws(bench: () => Bench): void {
  const rejections = () => bench().rows(`select record_id as "id", records as "records", reason as "reason" from ${bench().state('rejections_people_to_crm')} order by record_id`);

  describe('a rejected record', () => {
    it('without an identifier is counted, and the others go on', async () => {
      await bench().run(`create table people (id bigint, name text); insert into people values (1, 'a'), (null, 'b'), (null, 'c'), (null, 'c')`);
      const driver = bench().driver();
      const first = await driver.sync();
      assert.deepEqual(sentBy(first), ['new 1']);
      assert.equal(first.result.extracted.rejected, 3);
      assert.equal(first.result.status, 'partially_succeeded');
      assert.match(String((await rejections())[0]?.['reason']), /null/);
      const second = await driver.sync();
      assert.deepEqual([sentBy(second), second.result.extracted.rejected], [[], 3]);
      await bench().run('delete from people where id is null');
      assert.equal((await driver.sync()).result.extracted.rejected, 0);
      assert.deepEqual(await rejections(), []);
    });

    it('without an identifier is counted beside a deletion that expired and rows that are there twice', async () => {
      await bench().createPeople(2);
      const driver = bench().driver();
      await driver.sync();
      await bench().run('delete from people where id = 2');
      await driver.sync({ fate: () => 'refused' });
      await bench().run(`update ${bench().state('failures_people_to_crm')} set expired = true; insert into people values (null, 'x'), (null, 'y'), (1, 'person 1')`);
      const found = await driver.sync();
      assert.deepEqual([sentBy(found), found.result.extracted.rejected], [[], 4]);
    });

    it('is each of a group with the same identifier, equal or not', async () => {
      await bench().run(`create table people (id bigint, name text); insert into people values (1, 'a'), (2, 'b'), (2, 'b'), (3, 'c'), (3, 'd'), (3, 'e')`);
      const { events, result } = await bench().driver().sync();
      assert.deepEqual(sentBy({ events }), ['new 1']);
      assert.equal(result.extracted.rejected, 5);
      const found = await rejections();
      assert.deepEqual(found.map(({ id, records }) => [id, Number(records)]), [['2', 2], ['3', 3]]);
      assert.match(String(found[0]?.['reason']), /occurs 2 times/);
    });

    // Before each of these, ids 1 to 4 were acknowledged as they were.
    const duplications: [what: string, sql: string, sent: readonly string[], rejected: number][] = [
      ['repeated unchanged', `insert into people values (1, 'person 1')`, [], 2],
      ['repeated unchanged many times, all of them', 'insert into people select * from people; insert into people select * from people', [], 16],
      ['changed in both copies', `update people set name = 'x' where id = 1; insert into people values (1, 'x')`, [], 2],
      ['changed in each copy differently', `update people set name = 'x' where id = 1; insert into people values (1, 'y')`, [], 2],
      ['changed in one copy, the other as acknowledged', `insert into people values (1, 'x')`, [], 2],
      ['repeated while another vanished', `insert into people values (1, 'person 1'); delete from people where id = 2`, ['deleted 2'], 2],
      ['repeated while others vanished, changed and were added', `insert into people values (1, 'person 1'); delete from people where id = 2; update people set name = 'x' where id = 3; insert into people values (5, 'x')`, ['deleted 2', 'new 5', 'updated 3'], 2],
      ['repeated beside one without an identifier', `insert into people values (1, 'person 1'), (null, 'x')`, [], 3],
      ['added twice', `insert into people values (5, 'x'), (5, 'x')`, [], 2],
    ];
    for (const [what, sql, sent, rejected] of duplications) {
      it(`${what}, is neither sent nor taken for deleted, and is sent once it is single again only if it differs`, async () => {
        await bench().createPeople(4);
        const driver = bench().driver();
        await driver.sync();
        await bench().run(sql);
        const found = await driver.sync();
        assert.deepEqual([sentBy(found), found.result.extracted.rejected], [sent, rejected]);
        const again = await driver.sync();
        assert.deepEqual([sentBy(again), again.result.extracted.rejected], [[], rejected]);
        await bench().run(`delete from people where id is null or id in (1, 5) or id > 1; insert into people values (1, 'single')`);
        const expected = await driver.sync();
        assert(sentBy(expected).includes('updated 1') && expected.result.extracted.rejected === 0, sentBy(expected).join());
      });
    }

    it('keeps its place among the failures, and goes from it when it is single and taken', async () => {
      await bench().createPeople(2);
      const driver = bench().driver();
      await driver.sync({ fate: () => 'refused' });
      await bench().run(`insert into people values (1, 'person 1')`);
      assert.deepEqual(sentBy(await driver.sync()), ['new 2']);
      assert.deepEqual((await bench().failures()).map(({ id, attempts }) => [id, attempts]), [['1', 1]]);
      await bench().run(`delete from people where id = 1; insert into people values (1, 'person 1')`);
      assert.deepEqual(sentBy(await driver.sync()), ['new 1']);
      assert.deepEqual(await bench().failures(), []);
    });

    it('is one with a value over 128 KiB of JSON, to the byte', async () => {
      const text = (jsonBytes: number): string => `repeat('x', ${jsonBytes - 2})`;
      await bench().run(`create table people (id bigint, name text); insert into people values (1, ${text(limits.valueBytes)}), (2, ${text(limits.valueBytes + 1)}), (3, repeat('é', ${limits.valueBytes / 2 - 1})), (4, repeat('é', ${limits.valueBytes / 2}))`);
      const driver = bench().driver();
      const first = await driver.sync();
      assert.deepEqual(sentBy(first), ['new 1', 'new 3']);
      assert.equal(first.result.extracted.rejected, 2);
      assert.match(String((await rejections())[0]?.['reason']), new RegExp(`"name" of ${limits.valueBytes + 1} bytes`));
      await bench().run(`update people set name = ${text(limits.valueBytes + 1)} where id = 1`);
      assert.deepEqual(sentBy(await driver.sync()), [], 'an acknowledged one that grew too large is not deleted');
      await bench().run(`update people set name = 'small' where id in (1, 2)`);
      assert.deepEqual(sentBy(await driver.sync()), ['new 2', 'updated 1']);
    });

    it('is one whose value grows too large only as JSON', async () => {
      const escaped = (characters: number): string => `replace(repeat('x', ${characters}), 'x', '"')`;
      const most = limits.valueBytes / 2 - 1;
      await bench().run(`create table people (id bigint, name text); insert into people values (1, ${escaped(most)}), (2, ${escaped(most + 1)})`);
      const { events, result } = await bench().driver().sync();
      assert.deepEqual([sentBy({ events }), result.extracted.rejected], [['new 1'], 1]);
    });

    it('is one over 512 KiB of JSON, to the byte', async () => {
      const empty = Buffer.byteLength(JSON.stringify({ id: 1, a: '', b: '', c: '', d: '', e: '' }));
      const part = 120_000;
      const rest = limits.recordBytes - empty - 4 * part;
      const row = (id: number, last: number): string => `(${id}, ${`repeat('x', ${part}), `.repeat(4)} repeat('x', ${last}))`;
      await bench().run(`create table people (id bigint, a text, b text, c text, d text, e text); insert into people values ${row(1, rest)}, ${row(2, rest + 1)}`);
      const { events, result } = await bench().driver().sync();
      assert.deepEqual([sentBy({ events }), result.extracted.rejected], [['new 1'], 1]);
      assert.match(String((await rejections())[0]?.['reason']), new RegExp(`record of ${limits.recordBytes + 1} bytes`));
    });

    it('is one whose identifier is too long to be remembered', async () => {
      const random = Array.from({ length: 400 }, (_, index) => Math.imul(index + 1, 2654435761).toString(36).replace('-', 'm')).join('');
      await bench().run(`create table people (id text, name text); insert into people values ('a', 'x'), ('${random.padEnd(9_000, random)}', 'x')`);
      const driver = bench().driver();
      const first = await driver.sync();
      assert.deepEqual([sentBy(first), first.result.extracted.rejected], [['new a'], 1]);
      assert.match(String((await rejections())[0]?.['reason']), /identifier/);
    });
  });

  describe('a model that breaks a limit', () => {
    const models: [what: string, query: string, identifier: string, message: RegExp][] = [
      ['without its identifier column', 'select name from people', 'id', /identifier column "id"/],
      ['with two columns of one name', 'select id, name, id as name from people', 'id', /two columns are named "name"/],
      ['with 513 columns', `select id, ${Array.from({ length: 512 }, (_, index) => `1 as x${index}`).join(', ')} from people`, 'id', /513 columns.*512/],
    ];
    for (const [what, query, identifier, message] of models) {
      it(`${what} is refused before anything changes`, async () => {
        await bench().createPeople(2);
        await bench().driver().sync();
        const before = await bench().stateTables();
        const driver = bench().driver({ query, identifier });
        const sync = await driver.open();
        await assert.rejects(driver.diff(sync), (error) => error instanceof ModelError && message.test(error.message));
        assert.deepEqual(await bench().stateTables(), before);
        const result = await driver.warehouse.settleSync(sync, { kind: 'failed', message: 'the model' });
        assert.deepEqual([result.status, result.error, result.processed], ['failed', 'the model', 0]);
        assert.deepEqual(sentBy(await bench().driver().sync()), []);
      });
    }

    it('but not one with 512 columns', async () => {
      await bench().createPeople(1);
      const { events } = await bench().driver({ query: `select id, ${Array.from({ length: 511 }, (_, index) => `'value ${index} of a wide row' as x${index}`).join(', ')} from people` }).sync();
      assert.equal(Object.keys(events[0]?.properties ?? {}).length, 512);
    });
  });
}
