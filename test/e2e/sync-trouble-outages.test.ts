import assert from 'node:assert/strict';
import { appendFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SyncResult } from '../../src/client/index.js';
import { SmallDisk } from '../support/small-disk.js';
import { createRig, eventually, modelState, receivedState, subscribeTo, type Rig, type Subscribed } from '../support/sluice.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import { sourceBehind, sourceLike, startProxy, unsettled } from '../support/trouble.js';

const batchSize = 20;

const assertReceiverEqualsTable = async (rig: Rig, { table }: Subscribed): Promise<void> => {
  assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, table));
  assert.deepEqual(await unsettled(rig), []);
};

describe('an outage', function () {
  this.timeout(60_000);
  const rows = 3_000; // about 600 kB when staged
  let rig: Rig;
  let proxy: TcpProxy;
  let staging: string;
  /** A disk of its own for staging takes Linux and root. */
  let disk: SmallDisk | null;
  let distant: Subscribed;
  let large: Subscribed;
  let whenDown: SyncResult;
  let whenFull: SyncResult;

  const stagedFiles = async (): Promise<string[]> => (await readdir(staging, { recursive: true })).filter((name) => name.includes('chunk-'));

  before(async () => {
    rig = await createRig({ destination: { batchSize, concurrency: 2, timeoutMs: 500 } });
    proxy = await startProxy(rig);
    staging = join(rig.folder, 'staging');
    disk = await SmallDisk.mount(staging, '256k');
    await rig.startWorker({ ...rig.configuration, sources: { warehouse: sourceLike(rig, {}), distant: sourceBehind(rig, proxy) } });
    // Both outages at once: each sync gives up after some 15 s of tries.
    distant = await rig.subscribe(50, { id: 'distant', model: { ...rig.subscription.model, source: 'distant', query: 'select * from distant' } });
    await distant.sync();
    large = await rig.subscribe(rows);
    const requested = await large.request();
    await subscribeTo(rig, distant.subscription);
    const restore = await proxy.refuse();
    whenDown = await distant.sync().finally(restore);
    whenFull = await rig.client.waitForSync(large.id, requested);
  });
  after(async () => {
    await disk?.unmount();
    await rig.stop();
    await proxy.close();
  });

  it('of the warehouse ends a sync that starts meanwhile, with that reason, and the next one works', async () => {
    assert.deepEqual([whenDown.status, whenDown.syncId], ['failed', null]);
    assert.match(whenDown.error ?? '', /^warehouse "distant" can't be reached \(ECONNREFUSED\): check its url and that it is running$/);
    await rig.database.query(`UPDATE ${distant.table} SET name = 'changed'`);
    assert.equal((await distant.sync()).succeeded, 50);
  });

  it('of room on the staging disk ends the sync with the folder and what to do, leaves nothing of it there, and the next one completes', async function () {
    if (disk === null) return this.skip();
    assert.deepEqual([whenFull.status, whenFull.notSent], ['failed', rows]);
    const { error } = whenFull;
    assert.ok(error?.startsWith(`staging folder ${staging}: the disk is full; free some space or set staging.path to another disk (ENOSPC, `), String(error));
    assert.deepEqual((await stagedFiles()).filter((name) => name.startsWith(large.id)), []);
    await disk.resize('8m');
    await subscribeTo(rig, large.subscription);
    rig.receiver.state.clear();
    assert.equal((await large.sync()).succeeded, rows);
    await assertReceiverEqualsTable(rig, large);
  });

  it('of the warehouse for some seconds in the middle of a load holds it up and costs nothing: no record is lost or sent twice', async () => {
    const query = 'select * from distant_too';
    const people = await rig.subscribe(600, { id: 'distant_too', model: { ...rig.subscription.model, source: 'distant', query } });
    const request = await startLoad(people);
    const restore = await proxy.refuse();
    rig.receiver.endScript();
    await sleep(3_000).finally(restore);
    await assertLoaded(people, request);
    assert.equal(rig.receiver.taken.repeated, 0);
  });

  it('of room on the staging disk in the middle of a load holds it up, and no record is lost or sent twice', async function () {
    if (disk === null) return this.skip();
    const people = await rig.subscribe(600);
    const request = await startLoad(people);
    const filler = join(staging, 'filler');
    const fill = (): Promise<void> => assert.rejects(appendFile(filler, Buffer.alloc(16 * 1024 * 1024)), /ENOSPC/);
    try {
      await fill();
      rig.receiver.endScript();
      await eventually('a chunk is held up', async () => {
        await fill(); // what chunks that have ended gave back
        return (await pendingFailures(people)).some((failure) => failure.includes('the disk is full'));
      });
    } finally {
      await rm(filler);
    }
    await assertLoaded(people, request);
    assert.equal(rig.receiver.taken.repeated, 0);
  });

  /** Resolves in the middle of a slow load of 600 records. */
  async function startLoad(people: Subscribed): Promise<number> {
    rig.receiver.next({ kind: 'delay', ms: 200 }, 1_000);
    const request = await people.request();
    await eventually('some batches were taken', () => rig.receiver.taken.new >= 3 * batchSize);
    assert.ok(rig.receiver.taken.new < 300, 'it is in the middle');
    return request;
  }

  async function pendingFailures({ id }: Subscribed): Promise<string[]> {
    const { raw } = await rig.temporal.workflow.getHandle(`sync/${id}/1`).describe();
    return (raw.pendingActivities ?? []).map(({ lastFailure }) => lastFailure?.message ?? '');
  }

  async function assertLoaded(people: Subscribed, request: number): Promise<void> {
    const { status, succeeded, failed, notSent } = await rig.client.waitForSync(people.id, request);
    assert.deepEqual({ status, succeeded, failed, notSent }, { status: 'succeeded', succeeded: 600, failed: 0, notSent: 0 });
    assert.equal(rig.receiver.taken.new, 600);
    await assertReceiverEqualsTable(rig, people);
  }
});
