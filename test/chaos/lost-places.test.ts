import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultCacheFolder } from '../../src/devserver/temporal-cli.js';
import { startTemporal, type TemporalServer } from '../../src/devserver/temporal.js';
import { startSlowLoad } from '../support/slow-load.js';
import { createRig, modelState, receivedState, subscribeTo, type Rig, type Subscribed } from '../support/sluice.js';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';
import { unsettled } from '../support/trouble.js';
import { WorkerProcess } from '../support/worker-process.js';

const batchSize = 20;
const concurrency = 2;
const rows = 800;

/** Rows that the destination has, and others, change and vanish. */
async function changeSome({ database }: Rig, { table }: Subscribed): Promise<void> {
  await database.query(`DELETE FROM ${table} WHERE id % 10 = 0; UPDATE ${table} SET name = 'changed' WHERE id % 10 = 1`);
}

describe('Temporal\'s database, wiped in the middle of a load while the worker dies too', function () {
  this.timeout(90_000);
  let folder: TemporaryFolder;
  let server: TemporalServer;
  let rig: Rig;
  let people: Subscribed;
  const start = (port: number): Promise<TemporalServer> => {
    return startTemporal({ stateFile: join(folder.path, 'temporal.db'), port, headless: true, cacheFolder: defaultCacheFolder(), log: () => undefined });
  };

  before(async () => {
    folder = await temporaryFolder();
    server = await start(0);
    rig = await createRig({ server, destination: { batchSize, concurrency } });
    const worker = await WorkerProcess.start(rig);
    people = await rig.subscribe(rows);
    await startSlowLoad(rig, people, batchSize);
    await worker.end('SIGKILL');
    await server.stop();
    await rm(folder.path, { recursive: true });
    server = await start(Number(server.address.split(':')[1]));
    rig.receiver.endScript();
    await changeSome(rig, people);
    await rig.startWorker();
  });
  after(async () => {
    await rig.stop();
    await server.stop();
    await folder.remove();
  });

  it('costs nothing: the same configuration, applied again, ends with the receiver equal to the table', async () => {
    const applied = await subscribeTo(rig, people.subscription);
    const { syncId, status, notSent } = await applied.sync();
    assert.deepEqual([syncId, status, notSent], [`${people.id}-2`, 'succeeded', 0], 'its number is not used again');
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
    assert.equal((await applied.sync()).processed, 0);
  });

  it('leaves the dead sync settled: what may have been delivered counts as failed, the rest as not sent', async () => {
    const dead = await rig.database.query<{ status: string; succeeded: number; failed: number; not_sent: number; error: string }>(
      `SELECT status, succeeded::int, failed::int, not_sent::int, error FROM __segment_reverse_etl.syncs_${people.id} WHERE number = 1`,
    );
    const row = dead.rows[0];
    assert.ok(row);
    assert.equal(row.status, 'partially_succeeded');
    assert.match(row.error, /the sync ended before it could settle/);
    assert.ok(row.succeeded > 0 && row.not_sent > 0, 'it died in the middle');
    assert.ok(row.failed > 0 && row.failed <= concurrency * batchSize, `${row.failed} may have been delivered: at most a batch of each chunk under way`);
    assert.deepEqual(await unsettled(rig), []);
  });
});

describe('the staging folder, deleted in the middle of a load', function () {
  this.timeout(60_000);
  let rig: Rig;
  before(async () => {
    rig = await createRig({ destination: { batchSize, concurrency, timeoutMs: 500 } });
    await rig.startWorker();
  });
  after(() => rig.stop());

  it('ends the sync with what happened, and the next one completes', async () => {
    const people = await rig.subscribe(rows);
    const request = await startSlowLoad(rig, people, batchSize);
    await rm(join(rig.folder, 'staging'), { recursive: true });
    const lost = await rig.client.waitForSync(people.id, request);
    assert.match(lost.error ?? '', /is gone from the staging folder .*; the next sync finds its records again/);
    assert.ok(lost.failed > 0, 'what may have been delivered counts as failed');
    rig.receiver.endScript();
    await changeSome(rig, people);
    assert.equal((await people.sync()).status, 'succeeded');
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
    assert.deepEqual(await unsettled(rig), []);
  });
});
