import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningWorker } from '../../src/worker/worker.js';
import { createRig, eventually, modelState, receivedState, subscribeTo, type Rig, type Subscribed } from '../support/sluice.js';
import { lockTable, someoneWaits, sourceLike, unsettled } from '../support/trouble.js';

const state = '__segment_reverse_etl';

/** Holds a lock that nobody can even read past, while `work` runs. */
async function whileLocked<T>(rig: Rig, table: string, work: () => Promise<T>): Promise<T> {
  const release = await lockTable(rig, table);
  return work().finally(release);
}

describe('a sync whose statements take too long', function () {
  this.timeout(60_000);
  const timedOut = /^warehouse "warehouse" answered 57014: .*ran into its statement timeout.*raise statementTimeout/;
  let rig: Rig;
  let worker: RunningWorker;
  before(async () => (rig = await createRig()));
  after(() => rig.stop());

  const startWorker = async (statementTimeoutMs: number): Promise<void> => {
    worker = await rig.startWorker({ ...rig.configuration, sources: { warehouse: sourceLike(rig, { statementTimeoutMs }) } });
  };
  /** Makes the model's query take two seconds. */
  const slowed = ({ subscription, table }: Subscribed): Promise<Subscribed> => {
    const query = `select p.* from ${table} as p, (select pg_sleep(2)) as nap`;
    return subscribeTo(rig, { ...subscription, model: { ...subscription.model, query } });
  };
  const assertFailed = async (people: Subscribed, request: number): Promise<void> => {
    const { status, error, processed } = await rig.client.waitForSync(people.id, request);
    assert.equal(status, 'failed');
    assert.match(error ?? '', timedOut);
    assert.equal(processed, 0);
  };

  describe('while the statement timeout is short', () => {
    before(() => startWorker(1_000));
    after(() => worker.stop());

    it('fails with how to raise it, and changes nothing', async () => {
      const people = await rig.subscribe(5);
      await people.sync();
      await rig.database.query(`UPDATE ${people.table} SET name = 'changed'`);
      const slow = await slowed(people);
      const records = async (): Promise<unknown> => (await rig.database.query(`SELECT * FROM ${state}.records_${people.id} ORDER BY 1`)).rows;
      const before = await records();
      await assertFailed(slow, await slow.request());
      assert.deepEqual(await records(), before);
      assert.equal(rig.receiver.requests.length, 1);
      assert.deepEqual(await unsettled(rig), []);
    });

    it('fails as clearly when another holds the model\'s table', async () => {
      const people = await rig.subscribe(5);
      await whileLocked(rig, people.table, async () => assertFailed(people, await people.request()));
      assert.equal((await people.sync()).succeeded, 5);
    });

    it('that could not settle, though all was delivered, is settled by the next one, which sends nothing again', async () => {
      const people = await rig.subscribe(5);
      await people.sync();
      await rig.database.query(`UPDATE ${people.table} SET name = 'changed'`);
      rig.receiver.next({ kind: 'delay', ms: 1_000 });
      const request = await people.request();
      await eventually('it loads', async () => (await rig.database.query(`SELECT FROM ${state}.chunks_${people.id} WHERE holder IS NOT NULL`)).rowCount === 1);
      const { status, error } = await whileLocked(rig, `${state}.records_${people.id}`, () => rig.client.waitForSync(people.id, request));
      assert.equal(status, 'failed');
      assert.match(error ?? '', timedOut);
      assert.equal((await people.sync()).processed, 0);
      assert.equal(rig.receiver.taken.updated, 5);
      assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
      assert.deepEqual(await unsettled(rig), []);
    });
  });

  describe('while the statement timeout is long', () => {
    before(() => startWorker(30_000));
    after(() => worker.stop());

    it('takes its time: what failed before works', async () => {
      const people = await rig.subscribe(5);
      const slow = await slowed(people);
      assert.equal((await slow.sync()).succeeded, 5);
    });

    it('waits for a lock on its model\'s table or its own, and completes', async () => {
      const people = await rig.subscribe(5);
      await people.sync();
      for (const table of [people.table, `${state}.records_${people.id}`, `${state}.syncs_${people.id}`]) {
        await rig.database.query(`UPDATE ${people.table} SET score = score + 1`);
        const request = await whileLocked(rig, table, async () => {
          const requested = await people.request();
          await someoneWaits(rig);
          await sleep(500);
          return requested;
        });
        assert.equal((await rig.client.waitForSync(people.id, request)).succeeded, 5, table);
      }
      assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
      assert.deepEqual(await unsettled(rig), []);
    });
  });
});

describe('a role that the warehouse does not let do everything', function () {
  this.timeout(60_000);
  const role = `reader_${randomBytes(6).toString('hex')}`;
  let rig: Rig;
  let database: string;
  before(async () => {
    rig = await createRig();
    const url = new URL(sourceLike(rig, {}).url);
    database = url.pathname.slice(1);
    url.username = role;
    url.password = 'reader';
    await rig.database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'reader'`);
    await rig.startWorker({ ...rig.configuration, sources: { warehouse: sourceLike(rig, { url: url.href }) } });
  });
  after(async () => {
    await rig.database.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    await rig.stop();
  });

  /** A role's settings hold from its next connection on. */
  const endConnections = (): Promise<unknown> => rig.database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`);

  it('is told of each permission that is missing, until none is', async () => {
    const people = await rig.subscribe(5);
    const steps = [
      { error: /answered 42501: permission denied for database .+; .*CREATE on the database/, remedy: `GRANT CREATE ON DATABASE ${database} TO ${role}` },
      { error: /answered 42501: permission denied for schema private.*; .*USAGE on the schema/, remedy: `GRANT USAGE ON SCHEMA private TO ${role}` },
      { error: new RegExp(`answered 42501: permission denied for table ${people.table}; .*SELECT on`), remedy: `GRANT SELECT ON ${people.table} TO ${role}` },
    ];
    await rig.database.query('CREATE SCHEMA private; CREATE FUNCTION private.one() RETURNS int LANGUAGE sql AS \'SELECT 1\'');
    const { model } = people.subscription;
    const strict = await subscribeTo(rig, { ...people.subscription, model: { ...model, query: `select p.*, private.one() as one from ${people.table} as p` } });
    for (const { error, remedy } of steps) {
      const refused = await strict.sync();
      assert.equal(refused.status, 'failed');
      assert.match(refused.error ?? '', error);
      await rig.database.query(remedy);
    }
    assert.equal((await strict.sync()).succeeded, 5);
  });

  it('is told that Sluice needs the primary where it may only read', async () => {
    const people = await rig.subscribe(5);
    await rig.database.query(`GRANT CREATE ON DATABASE ${database} TO ${role}; GRANT SELECT ON ${people.table} TO ${role}`);
    await rig.database.query(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
    await endConnections();
    const refused = await people.sync();
    assert.equal(refused.status, 'failed');
    assert.match(refused.error ?? '', /answered 25006: .* read-only transaction; Sluice needs the primary, not a read-only replica.*default_transaction_read_only/);
    await rig.database.query(`ALTER ROLE ${role} RESET default_transaction_read_only`);
    await endConnections();
    assert.equal((await people.sync()).succeeded, 5);
  });
});
