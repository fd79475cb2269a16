import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createRig, eventually, modelState, receivedState, type Rig, type Subscribed } from '../support/sluice.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import { sourceBehind, startProxy, unsettled } from '../support/trouble.js';

const run = promisify(execFile);
const batchSize = 20;

const assertReceiverEqualsTable = async (rig: Rig, { table }: Subscribed): Promise<void> => {
  assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, table));
  assert.deepEqual(await unsettled(rig), []);
};

describe('a warehouse that is down', function () {
  this.timeout(60_000);
  let rig: Rig;
  let proxy: TcpProxy;
  before(async () => {
    rig = await createRig({ destination: { batchSize, concurrency: 2, timeoutMs: 500 } });
    proxy = await startProxy(rig);
    await rig.startWorker({ ...rig.configuration, sources: { warehouse: sourceBehind(rig, proxy) } });
  });
  after(async () => {
    await rig.stop();
    await proxy.close();
  });

  it('ends a sync that starts meanwhile after some tries, with that reason, and the next one works', async () => {
    const people = await rig.subscribe(50);
    await people.sync();
    await rig.database.query(`UPDATE ${people.table} SET name = 'changed'`);
    const restore = await proxy.refuse();
    const { status, syncId, error } = await people.sync().finally(restore);
    assert.deepEqual([status, syncId], ['failed', null]);
    assert.match(error ?? '', /^warehouse "warehouse" can't be reached \(ECONNREFUSED\): check its url and that it is running$/);
    assert.equal((await people.sync()).succeeded, 50);
    await assertReceiverEqualsTable(rig, people);
  });

  it('for some seconds in the middle of a load, holds the load up and costs nothing: no record is lost or sent twice', async () => {
    const people = await rig.subscribe(600);
    rig.receiver.next({ kind: 'delay', ms: 200 }, 1_000);
    const request = await people.request();
    await eventually('some batches were taken', () => rig.receiver.taken.new >= 3 * batchSize);
    const restore = await proxy.refuse();
    assert.ok(rig.receiver.taken.new < 300, 'it is in the middle');
    rig.receiver.endScript();
    await sleep(3_000).finally(restore);
    const { status, succeeded, failed, notSent } = await rig.client.waitForSync(people.id, request);
    assert.deepEqual({ status, succeeded, failed, notSent }, { status: 'succeeded', succeeded: 600, failed: 0, notSent: 0 });
    assert.deepEqual([rig.receiver.taken.new, rig.receiver.taken.repeated], [600, 0]);
    await assertReceiverEqualsTable(rig, people);
  });
});

describe('a staging disk that is full', function () {
  this.timeout(60_000);
  const rows = 3_000; // about 600 kB when staged
  let rig: Rig;
  let staging: string;
  let mounted = false;

  before(async function () {
    rig = await createRig({ destination: { batchSize, concurrency: 2 } });
    staging = join(rig.folder, 'staging');
    await mkdir(staging);
    mounted = await mount('size=256k');
    if (!mounted) this.skip(); // a disk of one's own takes Linux and root
    await rig.startWorker();
  });
  after(async () => {
    if (mounted) await run('umount', ['--lazy', staging]);
    await rig.stop();
  });

  const mount = (options: string): Promise<boolean> => run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', staging]).then(() => true, () => false);
  const files = async (): Promise<string[]> => (await readdir(staging, { recursive: true })).filter((name) => name.includes('chunk-'));

  it('ends the sync with the folder and what to do, takes no room for what is of no use, and the next one completes once there is some', async () => {
    const people = await rig.subscribe(rows);
    const { status, error, notSent } = await people.sync();
    assert.deepEqual([status, notSent], ['failed', rows]);
    assert.ok(error?.startsWith(`staging folder ${staging}: the disk is full; free some space or set staging.path to another disk (ENOSPC, `), String(error));
    assert.deepEqual(await files(), []);
    assert.deepEqual(await unsettled(rig), []);
    await run('mount', ['-o', 'remount,size=8m', staging]);
    assert.equal((await people.sync()).succeeded, rows);
    await assertReceiverEqualsTable(rig, people);
  });

  it('in the middle of a load holds the load up, and no record is lost', async () => {
    const people = await rig.subscribe(600);
    rig.receiver.next({ kind: 'delay', ms: 100 }, 1_000);
    const request = await people.request();
    await eventually('some batches were taken', () => rig.receiver.taken.new >= 3 * batchSize);
    const filler = join(staging, 'filler');
    await assert.rejects(writeFile(filler, Buffer.alloc(16 * 1024 * 1024)), /ENOSPC/);
    assert.ok(rig.receiver.taken.new < 300, 'it is in the middle');
    rig.receiver.endScript();
    await eventually('a batch is sent again, because its outcome could not be noted', () => rig.receiver.taken.repeated > 0);
    await rm(filler);
    const { status, succeeded } = await rig.client.waitForSync(people.id, request);
    assert.deepEqual([status, succeeded, rig.receiver.taken.new], ['succeeded', 600, 600]);
    await assertReceiverEqualsTable(rig, people);
  });
});
