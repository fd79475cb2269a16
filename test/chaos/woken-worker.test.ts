import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Configuration } from '../../src/config/index.js';
import { fileConfig } from '../support/file-destination.js';
import { createRig, eventually, modelState, receivedState, type Rig } from '../support/sluice.js';
import { tableConfig } from '../support/table-destination.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { WorkerProcess } from '../support/worker-process.js';

const rows = 400;
const ids = Array.from({ length: rows }, (_, index) => index + 1);
/** Slow enough to be stopped in the middle. */
const pace = { batchSize: 20, concurrency: 2, rateLimit: { records: 100, perMs: 500 }, timeoutMs: 1_000, giveUpAfterMs: 120_000 };

describe('a worker that is stopped in the middle of its loads, and woken after another has taken over and sent newer versions', function () {
  this.timeout(90_000);
  let rig: Rig;
  let proxy: TcpProxy;

  before(async () => {
    rig = await createRig({ destination: pace });
    const url = rig.database.options.connectionString;
    assert(url !== undefined);
    const destinations: Configuration['destinations'] = {
      ...rig.configuration.destinations,
      table: tableConfig(url, 'app.people', pace),
      exports: { ...fileConfig(join(rig.folder, 'exports'), { format: 'jsonl', columns: null, gzip: false }), ...pace },
    };
    const subscriptions = Object.fromEntries(['crm', 'table', 'exports'].map((destination) => [`to_${destination}`, { ...rig.subscription, id: `to_${destination}`, destination }]));
    rig = { ...rig, configuration: { ...rig.configuration, destinations, subscriptions } };
    proxy = await TcpProxy.start(rig.address);
    // Whoever inserts or updates a row notes that effect, and waits for whoever holds lock 42.
    await rig.database.query(`
      CREATE TABLE people AS SELECT g AS id, 'older' AS name FROM generate_series(1, ${rows}) AS g;
      CREATE SCHEMA app;
      CREATE TABLE app.people (id integer PRIMARY KEY, name text);
      CREATE TABLE app.effects (number serial, id integer, name text);
      CREATE FUNCTION app.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(42); INSERT INTO app.effects (id, name) VALUES (NEW.id, NEW.name); RETURN NULL; END $$;
      CREATE TRIGGER note AFTER INSERT OR UPDATE ON app.people FOR EACH ROW EXECUTE FUNCTION app.note()`);
  });
  after(async () => {
    await rig.stop();
    await proxy.close();
  });

  const syncAll = (): Promise<number[]> => Promise.all(Object.keys(rig.configuration.subscriptions).map(async (id) => {
    const answer = await rig.client.requestSync(id);
    assert(answer.accepted);
    return answer.request;
  }));
  const waitForAll = async (requests: readonly number[]): Promise<void> => {
    const results = await Promise.all(Object.keys(rig.configuration.subscriptions).map((id, index) => rig.client.waitForSync(id, requests[index] ?? 0)));
    assert.deepEqual(results.map(({ status, succeeded }) => ({ status, succeeded })), results.map(() => ({ status: 'succeeded', succeeded: rows })));
  };
  const exported = async (sync: string): Promise<unknown[]> => {
    const folder = join(rig.folder, 'exports', 'to_exports', sync);
    const names = (await readdir(folder)).filter((name) => name.startsWith('part-')).sort();
    const lines = (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('').trimEnd().split('\n');
    return lines.map((line) => (JSON.parse(line) as { properties: { id: number; name: string } }).properties).sort((one, other) => one.id - other.id);
  };
  const pieces = async (): Promise<number> => (await readdir(join(rig.folder, 'exports', 'to_exports', '.sync-000001.pieces')).catch(() => [])).length;

  /** Resolves once the victim sleeps, with a transaction open that holds records. */
  async function stopInTransaction(victim: WorkerProcess): Promise<void> {
    const holder = await rig.database.connect();
    try {
      await eventually('some batches are in', async () => (await pieces()) > 2 && rig.receiver.taken.new > 0 && (await rig.database.query('SELECT FROM app.people')).rows.length > 0);
      await holder.query('SELECT pg_advisory_lock(42)');
      await eventually('a batch waits for the lock', async () => (await rig.database.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted`)).rows.length > 0);
      victim.signal('SIGSTOP');
      assert((await rig.database.query('SELECT FROM app.people')).rows.length < rows && (await pieces()) < rows / pace.batchSize && rig.receiver.taken.new < rows, 'they are in the middle');
      proxy.cut(); // or Temporal would hand tasks to the sleeper, which holds its polls open
      await holder.query('SELECT pg_advisory_unlock(42)');
    } finally {
      holder.release();
    }
  }

  it('sends nothing older after something newer, and changes nothing more in a table or in files: each effect is there once, and the newer one stands', async () => {
    const arrivals: { readonly id: string; readonly sync: number }[] = [];
    rig.receiver.refuseRecord = ({ messageId, __segment_id }) => {
      arrivals.push({ id: __segment_id ?? '', sync: Number(messageId?.split('-')[1]) });
      return null;
    };
    const victim = await WorkerProcess.start(rig, proxy);
    try {
      await rig.client.apply(rig.configuration);
      const first = await syncAll();
      await stopInTransaction(victim);
      await rig.startWorker(rig.configuration);
      await waitForAll(first);
      await rig.database.query(`UPDATE people SET name = 'newer'`);
      await waitForAll(await syncAll());

      victim.signal('SIGCONT');
      await sleep(1_500);
      assert.equal(await victim.end('SIGTERM'), 0);
    } finally {
      await victim.end('SIGKILL');
    }
    assertAscending(arrivals);
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database));
    const effects = await rig.database.query<{ id: number; names: string[] }>('SELECT id, array_agg(name ORDER BY number) AS names FROM app.effects GROUP BY id ORDER BY id');
    assert.deepEqual(effects.rows, ids.map((id) => ({ id, names: ['older', 'newer'] })));
    assert.deepEqual((await rig.database.query('SELECT id, name FROM app.people ORDER BY id')).rows, ids.map((id) => ({ id, name: 'newer' })));
    assert.deepEqual(await exported('sync-000001'), ids.map((id) => ({ id, name: 'older' })));
    assert.deepEqual(await exported('sync-000002'), ids.map((id) => ({ id, name: 'newer' })));
    assert.deepEqual((await readdir(join(rig.folder, 'exports', 'to_exports'))).sort(), ['sync-000001', 'sync-000002']);
  });
});

function assertAscending(arrivals: readonly { readonly id: string; readonly sync: number }[]): void {
  const latest = new Map<string, number>();
  for (const { id, sync } of arrivals) {
    assert.ok(sync >= (latest.get(id) ?? 0), `a record's version of sync ${sync} arrived after that of sync ${latest.get(id) ?? 0}`);
    latest.set(id, sync);
  }
}
