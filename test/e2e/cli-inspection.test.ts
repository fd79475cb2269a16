import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { Receiver } from '../support/receiver.js';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';
import { runSluice, type Ended } from '../unit/cli/run-sluice.js';

const token = 'token-that-nobody-may-see';

/** The commands that look into sources and destinations: neither Temporal nor a worker is there. */
describe('sluice before the first sync', function () {
  this.timeout(60_000);
  const role = `reader_${randomBytes(6).toString('hex')}`;
  let database: TestDatabase;
  let admin: pg.Client;
  let receiver: Receiver;
  let folder: TemporaryFolder;

  const sluice = (...args: string[]): Promise<Ended> => {
    const url = new URL(database.url);
    url.username = role;
    url.password = 'reader';
    return runSluice(folder.path, args, { WAREHOUSE_URL: url.href, CRM_TOKEN: token });
  };
  const json = async (exitCode: number, ...args: string[]): Promise<unknown> => {
    const ended = await sluice('--json', ...args);
    assert.equal(ended.exitCode, exitCode, ended.stderr);
    return JSON.parse(ended.stdout);
  };

  before(async () => {
    [database, receiver, folder] = await Promise.all([freshDatabase(), Receiver.start({ authorization: `Bearer ${token}` }), temporaryFolder()]);
    admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(`
      CREATE ROLE ${role} LOGIN PASSWORD 'reader';
      CREATE SCHEMA shop; CREATE TABLE shop."Customers" (id bigint, email text, big numeric); CREATE VIEW shop.active AS SELECT * FROM shop."Customers" WHERE id > 0;
      INSERT INTO shop."Customers" SELECT i, 'person' || i || '@example.com', 1e20 FROM generate_series(1, 12) AS i; INSERT INTO shop."Customers" VALUES (7, 'twice', NULL)`);
    await writeFile(
      join(folder.path, 'sluice.yaml'),
      `workspace: {id: acme}
sources:
  warehouse: {type: postgres, url: "\${WAREHOUSE_URL}"}
models:
  customers: {source: warehouse, query: 'select c.* from shop."Customers" as c join shop.active as a on a.id = c.id', identifier: id}
destinations:
  crm: {type: webhook, url: "${receiver.url}", headers: {authorization: "Bearer \${CRM_TOKEN}"}}
subscriptions:
  customers_to_crm: {model: customers, destination: crm, schedule: manual, mapping: {email: {"@path": "$.properties.email"}}}
`,
    );
  });
  after(async () => {
    await admin.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    await admin.end();
    await Promise.all([database.drop(), receiver.close(), folder.remove()]);
  });

  it('names each permission that a source lacks, and prints the grants that mend it', async () => {
    const lacking = await sluice('check', 'warehouse');
    assert.equal(lacking.exitCode, 1);
    assert.match(lacking.stdout, /^ok {7}connects to a server that Sluice can use$/m);
    assert.match(lacking.stdout, /^problem {2}keeps its state in schema "__segment_reverse_etl": .*CREATE on the database/m);
    assert.match(lacking.stdout, /^problem {2}reads model "customers": .*USAGE on the schema/m);
    await admin.query(`GRANT USAGE ON SCHEMA shop TO ${role}`);
    assert.match((await sluice('check', 'warehouse')).stdout, /may not read shop\.Customers, shop\.active: grant it SELECT there/);

    const { stdout } = await sluice('grants', 'warehouse');
    assert.match(stdout, /GRANT SELECT ON "shop"."active" TO/);
    await admin.query(stdout);
    const mended = (await json(0, 'check', 'warehouse')) as { ok: boolean; checks: unknown[] };
    assert.deepEqual({ ok: mended.ok, checks: mended.checks.length }, { ok: true, checks: 3 });
  });

  it('shows the first records of a model, with columns and types', async () => {
    const shown = (await json(0, 'preview', 'customers')) as { columns: unknown[]; records: { big: string }[] };
    assert.deepEqual(shown.columns, [{ name: 'id', type: 'bigint' }, { name: 'email', type: 'text' }, { name: 'big', type: 'numeric' }]);
    assert.deepEqual([shown.records.length, shown.records[0]?.big], [10, '100000000000000000000']);
    assert.match((await sluice('preview', 'customers')).stdout, /^column +type\nid +bigint\n[^]*person1@example\.com/);
  });

  it('shows a record before and after the mapping, and sends it only if told to', async () => {
    const dry = (await json(0, 'test-record', 'customers_to_crm', '--id', '3')) as { event: { __segment_id: string; event: string }; mapped: unknown; answer: unknown };
    assert.deepEqual([dry.event.__segment_id, dry.event.event, dry.mapped, dry.answer], ['3', 'new', { email: 'person3@example.com' }, null]);
    assert.equal(receiver.requests.length, 0);
    assert.match((await sluice('test-record', 'customers_to_crm', '--id', '3', '--send')).stdout, /the destination took it$/m);
    assert.deepEqual(receiver.requests.map(({ records }) => records), [1]);
  });

  it('says why a record cannot be shown, and what a destination said against one', async () => {
    for (const [id, words] of [['99', /has no record "99" now/], ['7', /more than one record "7": a sync rejects them all/]] as const) {
      const refused = await sluice('test-record', 'customers_to_crm', '--id', id);
      assert.equal(refused.exitCode, 1);
      assert.match(refused.stderr, words);
    }
    receiver.next({ kind: 'answer', status: 400, body: 'no such plan' });
    const refused = await sluice('test-record', 'customers_to_crm', '--send');
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stdout, /the destination did not take it: 400 no such plan/);
    receiver.next({ kind: 'break', when: 'after_reading' });
    assert.match((await sluice('test-record', 'customers_to_crm', '--send')).stdout, /no answer came, so the destination may have taken it: .* broke the connection/);
  });

  it('checks a destination with an empty batch, and shows no secret when it refuses', async () => {
    const before = receiver.requests.length;
    assert.equal((await sluice('check', 'crm')).exitCode, 0);
    assert.deepEqual(receiver.requests.slice(before).map(({ records }) => records), [0]);
    receiver.next({ kind: 'answer', status: 403, body: token });
    const refused = await sluice('check', 'crm');
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stdout, /^problem {2}takes the credentials: .*403/m);
    assert(!(refused.stdout + refused.stderr).includes(token));
  });

  it('exits with 2 for a name that is not there, with the nearest one, and with 3 where nothing answers', async () => {
    for (const args of [['check', 'warehous'], ['grants', 'warehous'], ['preview', 'customer'], ['test-record', 'customers_to_cr']]) {
      const { exitCode, stderr } = await sluice(...args);
      assert.equal(exitCode, 2);
      assert.match(stderr, /did you mean "(warehouse|customers|customers_to_crm)"\?/);
    }
    const nowhere = await runSluice(folder.path, ['check', 'warehouse'], { WAREHOUSE_URL: 'postgres://someone@127.0.0.1:1/shop', CRM_TOKEN: token });
    assert.equal(nowhere.exitCode, 3);
    const stranger = await runSluice(folder.path, ['check', 'warehouse', '--json'], { WAREHOUSE_URL: database.url.replace(/:[^:@]+@/, ':wrong@'), CRM_TOKEN: token });
    assert.equal(stranger.exitCode, 1);
    assert.match(stranger.stdout, /^\{"name":"warehouse","ok":false,.*28P01: .*check the user and the password in its url/);
  });
});
