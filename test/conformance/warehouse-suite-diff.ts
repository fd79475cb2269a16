import assert from 'node:assert/strict';
import type { DiffResult } from '../../src/warehouses/warehouse.js';
import { sentBy } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

/** Names that SQL, JSON or the warehouse's own statements could trip over. */
const columnNames = [
  'ID', 'Id', 'with space', ' leading', 'select', 'user', 'order', 'say "hi"', "it's", 'back\\slash', 'semi;colon', 'per%cent', '$1', '?', 'dash-ed', 'a.b', '1st', 'Größe', '名前', '😀', 'line\nbreak', 'tab\tbed',
  'record_id', 'checksum', 'operation', 'body', 'chunk', 'present', 'matched', 'vanished', 'copies', 'failing', 'model', 'known', 'failure', 'compared', 'changed', 'record', 'd', 'i', 'c1', 'c2', 'attempt', '__proto__',
];

export function diffLaws(bench: () => Bench): void {
  describe('a diff', () => {
    it('finds every record of a model new at first, and nothing the next time', async () => {
      await bench().createPeople(3);
      const driver = bench().driver();
      const first = await driver.sync();
      assert.deepEqual(sentBy(first), ['new 1', 'new 2', 'new 3']);
      assert.deepEqual(summaryOf(first.diff), { extracted: { added: 3, updated: 0, deleted: 0, rejected: 0 }, toSend: 3, excluded: 0, moreToExtract: false });
      assert.deepEqual(summaryOf((await driver.sync()).diff), { extracted: { added: 0, updated: 0, deleted: 0, rejected: 0 }, toSend: 0, excluded: 0, moreToExtract: false });
    });

    it('finds exactly what was added, changed and removed, with all columns, which are null where it was removed', async () => {
      await bench().createPeople(5);
      const driver = bench().driver();
      await driver.sync();
      await bench().run(`update people set name = 'changed' where id = 2; delete from people where id = 4; insert into people values (9, 'added')`);
      const { events, diff } = await driver.sync();
      assert.deepEqual(diff.extracted, { added: 1, updated: 1, deleted: 1, rejected: 0 });
      assert.deepEqual(new Map(events.map((event) => [event.__segment_id, event])), new Map([
        ['2', { type: 'track', event: 'updated', messageId: 'people_to_crm-2-2', __segment_id: '2', properties: { id: 2, name: 'changed' } }],
        ['4', { type: 'track', event: 'deleted', messageId: 'people_to_crm-2-4', __segment_id: '4', properties: { id: null, name: null } }],
        ['9', { type: 'track', event: 'new', messageId: 'people_to_crm-2-9', __segment_id: '9', properties: { id: 9, name: 'added' } }],
      ]));
    });

    it('finds a model empty, then filled, then empty again', async () => {
      await bench().run('create table people (id bigint, name text)');
      const driver = bench().driver();
      assert.deepEqual(sentBy(await driver.sync()), []);
      await bench().run(`insert into people values (1, 'a')`);
      assert.deepEqual(sentBy(await driver.sync()), ['new 1']);
      await bench().run('delete from people');
      assert.deepEqual(sentBy(await driver.sync()), ['deleted 1']);
      assert.deepEqual(sentBy(await driver.sync()), []);
    });

    const textChanges: [what: string, before: string, after: string][] = [
      ['null becomes an empty text', `null, 'b'`, `'', 'b'`],
      ['an empty text becomes null', `'', 'b'`, `null, 'b'`],
      ['null moves to the next column', `null, ''`, `'', null`],
      ['text moves to the next column', `'ab', 'c'`, `'a', 'bc'`],
      ['all text moves to the next column', `'ab', ''`, `'', 'ab'`],
      ['two columns change places', `'a', 'b'`, `'b', 'a'`],
      ['a space is added at the end', `'a', 'b'`, `'a ', 'b'`],
      ['case changes', `'a', 'b'`, `'A', 'b'`],
      ['the word NULL becomes null', `'NULL', 'b'`, `null, 'b'`],
      ['a separator moves into the text', `'a', 'b,c'`, `'a,b', 'c'`],
      ['quotes are added', `'a', 'b'`, `'"a"', 'b'`],
      ['an accent is decomposed', `'\u00e9', 'b'`, `'e\u0301', 'b'`],
    ];
    for (const [what, before, after] of textChanges) {
      it(`finds that ${what}`, async () => {
        await bench().run(`create table people (id bigint, a text, b text); insert into people values (1, ${before})`);
        const driver = bench().driver();
        await driver.sync();
        await bench().run(`delete from people; insert into people values (1, ${after})`);
        assert.deepEqual(sentBy(await driver.sync()), ['updated 1']);
        assert.deepEqual(sentBy(await driver.sync()), []);
      });
    }

    it('finds that a whole number grew by 2^32, which some hashes fold away', async () => {
      await bench().run('create table people (id bigint, n bigint); insert into people values (1, 1), (2, 0), (3, -1)');
      const driver = bench().driver();
      await driver.sync();
      await bench().run('update people set n = n + 4294967296 where id = 1; update people set n = -1 where id = 2; update people set n = 0 where id = 3');
      assert.deepEqual(sentBy(await driver.sync()), ['updated 1', 'updated 2', 'updated 3']);
    });

    it('takes a row that was written anew with the same values as unchanged', async () => {
      await bench().createPeople(3);
      const driver = bench().driver();
      await driver.sync();
      await bench().run(`delete from people; insert into people values (3, 'person 3'), (1, 'person 1'), (2, 'person 2')`);
      assert.deepEqual(sentBy(await driver.sync()), []);
    });

    it('takes a renamed, an added and a retyped column as a change of every record', async () => {
      await bench().createPeople(2);
      const driver = bench().driver();
      await driver.sync();
      for (const query of ['select id, name as label from people', 'select id, name as label, null as extra from people', 'select id, name as label, 1 as extra from people']) {
        const changed = bench().driver({ query });
        assert.deepEqual(sentBy(await changed.sync()), ['updated 1', 'updated 2'], query);
        assert.deepEqual(sentBy(await changed.sync()), [], query);
      }
    });

    it('takes columns of any name', async () => {
      const possible = columnNames.filter((name) => bench().brokenNames?.includes(name) !== true);
      const names = possible.filter((name, index) => !bench().foldsCase || possible.findIndex((other) => other.toLowerCase() === name.toLowerCase()) === index);
      const columns = names.map((name) => `${bench().quote(name)} text`).join(', ');
      const values = names.map((_, index) => `'v${index}'`).join(', ');
      await bench().run(`create table people (${columns}); insert into people values (${values})`);
      for (const identifier of ['ID', 'say "hi"', '😀', 'record_id', 'line\nbreak']) {
        const driver = bench().driver({ id: `by_${names.indexOf(identifier)}`, identifier });
        const [event] = (await driver.sync()).events;
        assert.equal(event?.__segment_id, `v${names.indexOf(identifier)}`);
        assert.deepEqual(Object.entries(event.properties), names.map((name, index) => [name, `v${index}`]));
      }
      await bench().run('delete from people');
      const [deletion] = (await bench().driver({ id: 'by_0', identifier: 'ID' }).sync()).events;
      assert.deepEqual(Object.entries(deletion?.properties ?? {}), names.map((name) => [name, null]));
    });

    it('takes identifiers of any text, each as it is', async () => {
      const ids = ['', ' ', 'a', 'A', 'a ', ' a', 'é', 'e\u0301', '"', "'", '\\', '\\N', 'a\tb', 'a\nb', 'a\rb', 'null', '\u0001', '\u2028', '😀', '{}', 'ß', 'ss', '%', '_'];
      await bench().run(`create table people (id text, name text); insert into people values ${ids.map((id) => `('${id.replaceAll("'", "''")}', 'x')`).join(', ')}`);
      const driver = bench().driver();
      const first = await driver.sync({ fate: (event) => (event.__segment_id.length > 1 ? 'refused' : 'taken') });
      assert.deepEqual(first.events.map((event) => event.__segment_id).sort(), [...ids].sort());
      assert.deepEqual(first.events.map((event) => event.messageId).sort(), ids.map((id) => `people_to_crm-1-${id}`).sort());
      assert.deepEqual(sentBy(await driver.sync()), ids.filter((id) => id.length > 1).map((id) => `new ${id}`).sort());
      assert.deepEqual(sentBy(await driver.sync()), []);
      await bench().run('delete from people');
      assert.deepEqual(sentBy(await driver.sync()), ids.map((id) => `deleted ${id}`).sort());
    });

    it('sends texts as they are, one line a record', async () => {
      const text = ['line\nbreak', 'carriage\r\nreturn', 'tab\t', 'quote " and \\ and /', '\u0001\u0002\u001f\u007f\u0085', '\u2028\u2029', 'Zoë 名前 😀', '\\u0041', '\\.', '', ' '];
      await bench().run(`create table people (id bigint, name text); insert into people values ${text.map((value, index) => `(${index}, '${value.replaceAll("'", "''")}')`).join(', ')}`);
      const { events } = await bench().driver().sync();
      assert.deepEqual(new Map(events.map((event) => [event.properties['id'], event.properties['name']])), new Map(text.map((value, index) => [index, value])));
    });

    it('keeps the precision of whole numbers: those that a double cannot hold are strings', async () => {
      const numbers = ['0', '-1', '9007199254740991', '-9007199254740991', '9007199254740992', '9007199254740993', '9223372036854775807', '-9223372036854775808'];
      await bench().run(`create table people (id bigint, n bigint); insert into people values ${numbers.map((number, index) => `(${index}, ${number})`).join(', ')}`);
      const { events } = await bench().driver().sync();
      const expected = numbers.map((number, index) => [index, Number.isSafeInteger(Number(number)) ? Number(number) : number] as const);
      assert.deepEqual(new Map(events.map((event) => [event.properties['id'], event.properties['n']])), new Map<unknown, unknown>(expected));
    });

    it('sees one moment of the model, whatever is written meanwhile', async () => {
      await bench().run('create table people (id bigint, balance bigint); insert into people values (1, 1000), (2, 1000)');
      const driver = bench().driver({ query: 'select id, balance from people where id = 1 union all select id, balance from people where id = 2' });
      const receiver = new Map<string, unknown>();
      const stop = new AbortController();
      const writer = (async () => {
        while (!stop.signal.aborted) await bench().run('begin; update people set balance = balance - 1 where id = 1; update people set balance = balance + 1 where id = 2; commit');
      })();
      try {
        for (let round = 0; round < 5; round++) {
          for (const event of (await driver.sync()).events) receiver.set(event.__segment_id, event.properties['balance']);
          assert.equal(Number(receiver.get('1')) + Number(receiver.get('2')), 2000);
        }
      } finally {
        stop.abort();
        await writer;
      }
    });

    it('describes the columns of a query without running it', async () => {
      await bench().createPeople(1);
      const columns = await bench().driver().warehouse.describeModel(bench().sql('select name, id, id / (id - 1) as crash from people'));
      assert.deepEqual(columns.map(({ name }) => name), ['name', 'id', 'crash']);
    });
  });

  describe('a sync mode', () => {
    const modes = { mirror: ['new', 'updated', 'deleted'], upsert: ['new', 'updated'], add: ['new'], update: ['updated'], delete: ['deleted'] } as const;
    for (const [syncMode, sent] of Object.entries(modes) as [keyof typeof modes, readonly string[]][]) {
      it(`${syncMode} sends ${sent.join(', ')} and counts the others as excluded, once`, async () => {
        await bench().createPeople(2);
        const driver = bench().driver({ syncMode });
        const first = await driver.sync();
        assert.deepEqual(sentBy(first), sent.includes('new') ? ['new 1', 'new 2'] : []);
        await bench().run(`update people set name = 'changed' where id = 1; delete from people where id = 2; insert into people values (3, 'added')`);
        const second = await driver.sync();
        assert.deepEqual(sentBy(second), ['deleted 2', 'new 3', 'updated 1'].filter((event) => sent.some((operation) => event.startsWith(operation))));
        assert.equal(second.result.excluded, 3 - sent.length);
        assert.equal(second.result.succeeded, sent.length);
        assert.equal((await driver.sync()).result.excluded, 0);
      });
    }

    it('that leaves an operation out also leaves out its retry, and takes it off the list of failures', async () => {
      await bench().createPeople(2);
      await bench().driver().sync({ fate: () => 'lost_unanswered' });
      await bench().run('delete from people where id = 2');
      assert.deepEqual(sentBy(await bench().driver({ syncMode: 'update' }).sync()), []);
      assert.deepEqual(await bench().failures(), []);
    });

    it('starting from a baseline sends only what changes afterwards', async () => {
      await bench().createPeople(3);
      const driver = bench().driver({ initialSync: 'baseline' });
      const first = await driver.sync();
      assert.deepEqual(sentBy(first), []);
      assert.equal(first.result.excluded, 3);
      await bench().run(`update people set name = 'changed' where id = 1; delete from people where id = 2; insert into people values (4, 'added')`);
      assert.deepEqual(sentBy(await driver.sync()), ['deleted 2', 'new 4', 'updated 1']);
    });
  });
}

function summaryOf({ extracted, toSend, excluded, moreToExtract }: DiffResult): Partial<DiffResult> {
  return { extracted, toSend, excluded, moreToExtract };
}
