import assert from 'node:assert/strict';
import fc from 'fast-check';
import pg from 'pg';
import { createPostgresDestination } from '../../../../src/destinations/postgres/postgres.js';
import type { JsonObject } from '../../../../src/domain/subscription.js';
import { batchOf, event } from '../../../support/events.js';
import { freshDatabase, type TestDatabase } from '../../../support/postgres.js';
import { tableConfig } from '../../../support/table-destination.js';

describe('values on their way into a table', () => {
  let database: TestDatabase;
  let client: pg.Client;

  before(async () => {
    database = await freshDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`
      CREATE TYPE mood AS ENUM ('good', 'bad');
      CREATE DOMAIN tags AS text[];
      CREATE TABLE things (id text PRIMARY KEY, words text, list text[], doc jsonb);
      CREATE TABLE kinds (id text PRIMARY KEY, big bigint, exact numeric, ratio float8, flag boolean, day date, at timestamptz, span interval, bytes bytea,
        mood mood, tags tags, grid integer[], docs json[], uid uuid, note text)`);
  });
  after(async () => {
    await client.end();
    await database.drop();
  });

  async function deliver(table: string, records: ReadonlyMap<string, JsonObject>): Promise<void> {
    const destination = createPostgresDestination('crm', tableConfig(database.url, table, { timeoutMs: 10_000 }));
    try {
      const staged = [...records].map(([id, properties]) => event(id, { id, ...properties }));
      assert.deepEqual(await destination.deliver(batchOf(staged), new AbortController().signal), { kind: 'delivered' });
    } finally {
      await destination.close();
    }
  }

  it('keep every character, in text, in lists and in JSON', async () => {
    const words = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('\\', 'N', 'n', '\t', '\n', '\r', '"', ',', '{', '}', ' ', 'NULL') }))
      .map((text) => text.replaceAll('\0', '')); // which PostgreSQL has no place for
    const doc = fc.letrec((tie) => ({ node: fc.oneof({ depthSize: 'small' }, words, fc.integer(), fc.boolean(), fc.array(tie('node')), fc.dictionary(words, tie('node'))) })).node;
    const record = fc.record({ words: fc.option(words), list: fc.option(fc.array(fc.option(words))), doc });
    const records = new Map(fc.sample(record, { numRuns: 400, seed: 7 }).map((properties, index) => [String(index), properties as JsonObject]));
    await deliver('things', records);
    const found = await client.query<JsonObject & { id: string }>('SELECT * FROM things');
    assert.equal(found.rows.length, 400);
    for (const { id, ...row } of found.rows) assert.deepEqual(row, JSON.parse(JSON.stringify(records.get(id))));
  });

  it('are read as the type of their column', async () => {
    const properties: JsonObject = {
      big: '9223372036854775807', exact: '0.1000000000000000000001', ratio: 1e300, flag: true, day: '2024-02-29', at: '2024-01-02T03:04:05.678901+05:45', span: '1 mon 2 days',
      bytes: '\\x00ff', mood: 'bad', tags: ['a,b', '"', null], grid: [[1, 2], [3, 4]], docs: [{ a: '"' }, 1], uid: '2C5EA4C0-4067-11E9-8BAD-9B1DEB4D3B7D', note: { nested: true },
    };
    await deliver('kinds', new Map([['1', properties]]));
    const found = await client.query({ text: `SELECT big, exact, ratio::text, flag, day, at AT TIME ZONE 'UTC', span, bytes, mood, tags, grid, docs, uid, note FROM kinds`, rowMode: 'array', types: { getTypeParser: () => String } });
    assert.deepEqual(found.rows, [[
      '9223372036854775807', '0.1000000000000000000001', '1e+300', 't', '2024-02-29', '2024-01-01 21:19:05.678901', '1 mon 2 days',
      '\\x00ff', 'bad', '{"a,b","\\"",NULL}', '{{1,2},{3,4}}', String.raw`{"{\"a\":\"\\\"\"}",1}`, '2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d', '{"nested":true}',
    ]]);
  });
});
