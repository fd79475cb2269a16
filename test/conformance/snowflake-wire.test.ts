import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WarehouseRefusedError, WarehouseUnavailableError } from '../../src/errors/errors.js';
import { createSnowflakeWarehouse } from '../../src/warehouses/snowflake/index.js';
import type { SnowflakeAuth } from '../../src/warehouses/snowflake/settings.js';
import { needsSnowflake } from '../support/snowflake/needs.js';
import type { SnowflakeEmulator } from '../support/snowflake/server.js';
import { openEmulated } from './emulated.js';
import type { SnowflakeHarness } from './snowflake-harness.js';
import { sentBy } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

interface Statement {
  readonly sql: string;
  readonly tag: string | null;
}

const never = new AbortController().signal;

/** What is Snowflake's alone: its types, its wire, its manners. Only the emulator tells what came. */
describe('Snowflake over its own protocol', function () {
  this.timeout(120_000);
  let emulator: SnowflakeEmulator;
  let harness: SnowflakeHarness;
  let bench: Bench;
  needsSnowflake();
  before(async function () {
    ({ emulator, harness, bench } = await openEmulated(this));
  });
  afterEach(() => harness.clear());
  after(() => harness.close());

  const statementsSince = async (from: number) => (await emulator.ask('statements', { from })) as readonly Statement[];
  const count = async () => (await statementsSince(0)).length;

  it('quotes every name of its own and qualifies every table, and tells by whom and for what each statement is', async () => {
    await bench.createPeople(3);
    const from = await count();
    const driver = bench.driver({ query: 'SELECT "id", "name" FROM "people"' });
    await driver.sync({ fate: ({ __segment_id }) => (__segment_id === '1' ? 'refused' : 'taken') });
    await bench.run('delete from people where id = 2');
    await driver.sync({ end: { kind: 'canceled' } });
    await driver.warehouse.dryRun(driver.subscription, false, never);
    const statements = (await statementsSince(from)).filter(({ tag }) => tag?.includes('people_to_crm'));
    assert(statements.length > 40);
    for (const { sql } of statements) {
      const bare = sql.replace(/'(?:[^'\\]|''|\\.)*'/gs, "''").replace(/:[a-zA-Z0-9]+/g, '');
      assert.doesNotMatch(bare.replace(/"[^"]*"/g, '""'), /[a-z]/, 'no unquoted name: keywords and functions are in upper case');
      assert.doesNotMatch(bare, /(?<!"\.)"(?:records|failures|rejections|syncs|state|checkpoints|chunks|outcomes|[dix])_people/, 'no unqualified table');
    }
    assert.equal(statements.at(-1)?.tag, JSON.stringify({ app: 'sluice', subscription: 'people_to_crm' }));
    assert(statements.some(({ tag }) => tag === JSON.stringify({ app: 'sluice', subscription: 'people_to_crm', sync: 2 })));
  });

  it('holds no DDL between BEGIN and its end', async () => {
    await bench.run(`create table people (id bigint, name text); insert into people values (1, 'a'), (2, 'b'), (2, 'c')`);
    const from = await count();
    const driver = bench.driver();
    await driver.sync({ fate: () => 'refused' });
    await driver.warehouse.resetState(driver.subscription, 'crm');
    await driver.sync();
    let open = false;
    for (const { sql } of await statementsSince(from)) {
      if (/^\s*BEGIN/.test(sql)) open = true;
      if (/^\s*(COMMIT|ROLLBACK)/.test(sql)) open = false;
      assert(!open || !/^\s*(CREATE|DROP|ALTER)/.test(sql), sql);
    }
  });

  it('reads the model once a sync, whichever duplicates there are, and nothing of it where it only describes', async () => {
    await bench.createPeople(3);
    const driver = bench.driver();
    await driver.sync();
    for (const [sql, rejected] of [['', 0], [`insert into people values (1, 'person 1')`, 2], ['insert into people select * from people', 8]] as const) {
      if (sql !== '') await bench.run(sql);
      const from = await count();
      const { result } = await driver.sync();
      const reading = (await statementsSince(from)).filter((statement) => statement.sql.includes('from "people"'));
      assert.deepEqual([result.extracted.rejected, ...reading.map((statement) => (statement as Statement & { describe: boolean }).describe)], [rejected, true, false]);
    }
  });

  it('reads a large result part by part', async () => {
    const people = 45_000;
    await bench.run(`CREATE TABLE "people" AS SELECT SEQ8() AS "id", REPEAT('x', 500) AS "name" FROM TABLE(GENERATOR(ROWCOUNT => ${people}))`);
    const { events } = await bench.driver({ query: 'SELECT * FROM "people"' }).sync();
    assert.equal(new Set(events.map(({ __segment_id }) => __segment_id)).size, people);
  });

  it('counts a statement once whose answer was lost', async () => {
    await bench.createPeople(2);
    const driver = bench.driver();
    await emulator.ask('fault', { pattern: 'INSERT INTO .*syncs_people', action: 'lose_answer' });
    await emulator.ask('fault', { pattern: 'MERGE INTO .*records_people', action: 'lose_answer' });
    assert.deepEqual(sentBy(await driver.sync()), ['new 1', 'new 2']);
    assert.equal((await bench.rows(`select * from ${bench.state('records_people_to_crm')}`)).length, 2);
    assert.equal((await driver.warehouse.history('people_to_crm', 10)).length, 1);
  });

  it('undoes a settlement of which one statement failed, and lets it be tried again', async () => {
    await bench.createPeople(2);
    const driver = bench.driver();
    await emulator.ask('fault', { pattern: 'UPDATE .*syncs_people.*"finished_at" = SYSDATE', action: 'refuse' });
    await assert.rejects(driver.sync(), WarehouseUnavailableError);
    assert.deepEqual(await bench.rows(`select * from ${bench.state('records_people_to_crm')}`), []);
    assert.deepEqual([...(await driver.warehouse.history('people_to_crm', 10))], []);
    await driver.settleDead(await openedBy(driver));
    assert.equal((await bench.rows(`select * from ${bench.state('records_people_to_crm')}`)).length, 2);
    assert.deepEqual(sentBy(await driver.sync()), []);
  });

  it('ends a statement on the server when it is cancelled here', async () => {
    await bench.createPeople(1);
    const driver = bench.driver({ query: 'SELECT COUNT(*) AS "id", MAX("a"."a") AS "name" FROM (SELECT SEQ4() AS "a" FROM TABLE(GENERATOR(ROWCOUNT => 200000))) AS "a", (SELECT SEQ4() AS "b" FROM TABLE(GENERATOR(ROWCOUNT => 200000))) AS "b" WHERE "a"."a" + "b"."b" < 0' });
    const sync = await driver.open();
    const abort = new AbortController();
    const diff = driver.diff(sync, 1, abort.signal);
    diff.catch(() => undefined);
    while (!(await statementsSince(0)).some(({ sql }) => /CREATE OR REPLACE TRANSIENT TABLE[^]*200000/.test(sql))) await sleep(20);
    await sleep(200);
    const started = performance.now();
    abort.abort(new Error('canceled'));
    await assert.rejects(diff, /canceled/);
    while ((await emulator.ask('running')) !== 0) await sleep(20);
    assert(performance.now() - started < 20_000);
    await driver.settleDead(sync);
  });

  it('logs in with each form of credentials', async () => {
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const forms: readonly (readonly [auth: SnowflakeAuth, authenticator: string, sent: string])[] = [
      [{ kind: 'password', password: 'p' }, 'SNOWFLAKE', 'PASSWORD'],
      [{ kind: 'key', key, passphrase: null }, 'SNOWFLAKE_JWT', 'TOKEN'],
      [{ kind: 'oauth', token: 't' }, 'OAUTH', 'TOKEN'],
      [{ kind: 'accessToken', token: 't' }, 'PROGRAMMATIC_ACCESS_TOKEN', 'TOKEN'],
    ];
    for (const [auth, authenticator, sent] of forms) {
      const warehouse = createSnowflakeWarehouse('snow', { ...harness.settings, auth });
      await warehouse.describeModel('SELECT 1 AS "id"');
      await warehouse.close();
      const login = ((await emulator.ask('logins')) as readonly { readonly AUTHENTICATOR: string; readonly has: readonly string[] }[]).at(-1);
      assert.deepEqual([login?.AUTHENTICATOR, login?.has], [authenticator, [sent]]);
    }
  });

  it('says in Sluice’s words that credentials are wrong and that nobody is there', async () => {
    const wrong = createSnowflakeWarehouse('snow', { ...harness.settings, auth: { kind: 'password', password: 'wrong' } });
    await assert.rejects(wrong.history('a', 1), (error) => error instanceof WarehouseRefusedError && /390100.*username and password/.test(error.message));
    await wrong.close();
  });

  it('names in a check the permission that is missing', async () => {
    await bench.createPeople(1);
    const refusals: readonly { readonly pattern: string; readonly code: string; readonly message: string; readonly item: RegExp; readonly says: RegExp }[] = [
      { pattern: 'GENERATOR', code: '000606', message: 'No active warehouse selected in the current session.', item: /^runs statements/, says: /No active warehouse.*grant the role USAGE on it/ },
      { pattern: 'CREATE SCHEMA', code: '003001', message: "SQL access control error:\nInsufficient privileges to operate on database 'SHOP'", item: /^keeps its state/, says: /operate on database 'SHOP'.*sluice grants/ },
      { pattern: 'CREATE OR REPLACE TRANSIENT TABLE .*CHECK', code: '003001', message: "SQL access control error:\nInsufficient privileges to operate on schema 'STATE'", item: /^keeps its state/, says: /operate on schema 'STATE'.*sluice grants/ },
      { pattern: 'from "people"', code: '002003', message: "SQL compilation error:\nObject 'PEOPLE' does not exist or not authorized.", item: /^reads model/, says: /Object 'PEOPLE' does not exist or not authorized.*lacks the grant/ },
    ];
    const driver = bench.driver();
    for (const { pattern, code, message, item, says } of refusals) {
      await emulator.ask('fault', { pattern, action: 'refuse', code, message });
      const items = await driver.warehouse.checkAccess([driver.subscription.model], never);
      assert.deepEqual(items.filter(({ problem }) => problem !== null).map(({ what }) => item.test(what)), [true], JSON.stringify(items));
      assert.match(items.find(({ what }) => item.test(what))?.problem ?? '', says);
    }
  });

  it('refuses a MERGE of two rows into one, as Snowflake does: the emulator hides no such bug', async () => {
    await bench.createPeople(1);
    const merge = `merge into people using (select 1 as one, 'a' as other union all select 1 as one, 'b' as other) as twice on people.id = twice.one when matched then update set name = twice.other`;
    await assert.rejects(bench.run(merge), /100090/);
  });

  it('writes each type so that no two values of it read alike, nor one like null, and as JSON says it', async () => {
    const types: readonly (readonly [type: string, ...samples: (readonly [sql: string, json: unknown])[]])[] = [
      ['BOOLEAN', ['TRUE', true], ['FALSE', false]],
      ['NUMBER(38,0)', ['0', 0], ['9007199254740991', 9007199254740991], ['9007199254740992', '9007199254740992']],
      ['NUMBER(12,2)', ['0.1', 0.1], ['1234567890.12', 1234567890.12]],
      ['NUMBER(38,10)', ['0.1', 0.1], ['1234567890.0123456789', '1234567890.0123456789']],
      ['FLOAT', ['0.1', 0.1], ['0.30000000000000004', 0.30000000000000004], ['1e308', 1e308]],
      ['VARCHAR', [`''`, ''], [`'a'`, 'a'], [`'A'`, 'A'], [`'a '`, 'a '], [`'é'`, 'é']],
      ['DATE', [`'2024-02-29'`, '2024-02-29'], [`'2024-03-01'`, '2024-03-01']],
      ['TIMESTAMP_NTZ', [`'2024-06-01 12:00:00'`, '2024-06-01T12:00:00'], [`'2024-06-01 12:00:00.000001'`, '2024-06-01T12:00:00.000001']],
      ['TIME', [`'12:00:00'`, '12:00:00'], [`'12:00:00.5'`, '12:00:00.5']],
      ['VARIANT', [`PARSE_JSON('{"a":[1,2]}')`, { a: [1, 2] }], [`PARSE_JSON('{"a":[1,3]}')`, { a: [1, 3] }]],
    ];
    const client = types.map(([type], index) => `"v${index}" ${type}`).join(', ');
    await bench.run(`CREATE TABLE "people" ("id" VARCHAR, ${client})`);
    for (const [index, [, ...samples]] of types.entries()) {
      for (const [place, [sql]] of samples.entries()) await bench.run(`INSERT INTO "people" ("id", "v${index}") SELECT '${index} ${place}', ${sql}`);
    }
    const driver = bench.driver({ query: 'SELECT * FROM "people"' });
    const first = await driver.sync();
    const events = new Map(first.events.map((event) => [event.__segment_id, event.properties]));
    const nulls = Object.fromEntries(types.map((_, index) => [`v${index}`, null]));
    for (const [index, [type, ...samples]] of types.entries()) {
      for (const [place, [sql, json]] of samples.entries()) assert.deepEqual(events.get(`${index} ${place}`), { ...nulls, id: `${index} ${place}`, [`v${index}`]: json }, `${type} ${sql}`);
    }
    assert.deepEqual(sentBy(await driver.sync()), []);
    for (const [index, [, ...samples]] of types.entries()) {
      for (const [place] of samples.entries()) await bench.run(`UPDATE "people" SET "v${index}" = ${samples[(place + 1) % samples.length]?.[0] ?? 'NULL'} WHERE "id" = '${index} ${place}'`);
    }
    assert.equal((await driver.sync()).result.extracted.updated, events.size);
  });
});

async function openedBy(driver: ReturnType<Bench['driver']>) {
  const answer = await driver.warehouse.openSync({ subscription: driver.subscription, owner: 'acme', destinationIdentity: 'crm', trigger: 'manual', requestKey: 'next' });
  assert.equal(answer.kind, 'unsettled');
  return answer.sync;
}
