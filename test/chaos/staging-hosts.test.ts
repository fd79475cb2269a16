import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createRig, eventually, modelState, receivedState, type Rig, type Subscribed } from '../support/sluice.js';
import { WorkerProcess } from '../support/worker-process.js';

const batchSize = 20;
const concurrency = 2;
const rows = 1_000;

/** Two hosts: workers of one configuration whose staging folders are not the same. */
describe('workers on two hosts, each with a staging folder of its own', function () {
  this.timeout(90_000);
  let rig: Rig;
  let people: Subscribed;
  const hosts = new Map<string, WorkerProcess>();
  before(async () => (rig = await createRig({ destination: { batchSize, concurrency, giveUpAfterMs: 120_000 } })));
  after(() => rig.stop());
  afterEach(() => Promise.all([...hosts.values()].map((host) => host.end('SIGKILL'))));

  const start = async (folder: string, waitForHostMs: number): Promise<void> => {
    const staging = { ...rig.configuration.staging, type: 'local' as const, path: folder, waitForHostMs };
    hosts.set(folder, await WorkerProcess.start({ ...rig, configuration: { ...rig.configuration, staging } }));
  };
  /** Starts a slow sync, and stops the host that staged it in the middle of the load. */
  const stopInTheMiddle = async (signal: 'SIGTERM' | 'SIGKILL', waitForHostMs: number): Promise<{ readonly request: number; readonly folder: string }> => {
    await Promise.all(['one', 'other'].map((name) => start(join(rig.folder, `${signal}-${name}`), waitForHostMs)));
    people = await rig.subscribe(rows);
    rig.receiver.next({ kind: 'delay', ms: 150 }, 1_000);
    const request = await people.request();
    await eventually('some batches were taken', () => rig.receiver.taken.new >= 5 * batchSize);
    const [folder] = [...hosts.keys()].filter((name) => existsSync(join(name, people.id)));
    assert(folder !== undefined);
    await hosts.get(folder)?.end(signal);
    assert(rig.receiver.taken.new < rows, 'it was stopped in the middle');
    return { request, folder };
  };

  it('keep a sync with the host that staged it: it waits for that one, and goes on where it was', async () => {
    const { request, folder } = await stopInTheMiddle('SIGTERM', 60_000);
    const taken = rig.receiver.taken.new;
    await start(folder, 60_000);
    rig.receiver.endScript();
    const result = await rig.client.waitForSync(people.id, request);
    assert.deepEqual([result.status, result.succeeded, result.failed], ['succeeded', rows, 0]);
    assert(taken < rows && rig.receiver.taken.repeated === 0, `${rig.receiver.taken.repeated} records were repeated`);
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
  });

  it('end a sync whose host does not come back, say what to do about it, and find its records again', async () => {
    const { request } = await stopInTheMiddle('SIGKILL', 2_000);
    rig.receiver.endScript();
    const result = await rig.client.waitForSync(people.id, request);
    assert.equal(result.status, 'failed');
    assert.match(result.error ?? '', /^no worker of the host that staged the records .* was there for 2 s: start one there, or, where workers run on several hosts, use staging of type s3/);
    assert(result.failed > 0 && result.failed === result.ambiguous, 'what may have been delivered counts as failed');
    assert.equal((await people.sync()).status, 'succeeded');
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
  });
});
