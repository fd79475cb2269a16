import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRig, eventually, modelState, receivedState, type Rig, type Subscribed } from '../support/sluice.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { WorkerProcess } from '../support/worker-process.js';

const batchSize = 20;
const concurrency = 2;
const rows = 1_000;

describe('a worker', function () {
  this.timeout(90_000);
  let rig: Rig;
  let people: Subscribed;
  let victim: WorkerProcess;
  let proxy: TcpProxy | null = null;
  before(async () => (rig = await createRig({ destination: { batchSize, concurrency, giveUpAfterMs: 120_000 } })));
  after(() => rig.stop());
  afterEach(async () => {
    await victim.end('SIGKILL');
    await proxy?.close();
    proxy = null;
  });

  /** Starts a sync of all rows on a worker of its own, slow enough to be interrupted; resolves with the request once some batches were taken. */
  const startLoad = async (by?: { readonly address: string }): Promise<number> => {
    victim = await WorkerProcess.start(rig, by);
    people = await rig.subscribe(rows);
    rig.receiver.next({ kind: 'delay', ms: 150 }, 1_000);
    const request = await people.request();
    await eventually('some batches were taken', () => rig.receiver.taken.new >= 5 * batchSize);
    return request;
  };
  const assertReceiverEqualsTable = async (): Promise<void> => assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
  const finish = async (request: number): Promise<void> => {
    rig.receiver.endScript();
    const result = await rig.client.waitForSync(people.id, request);
    const { status, extracted, processed, succeeded, failed, notSent } = result;
    assert.deepEqual({ status, added: extracted.added, processed, succeeded, failed, notSent }, { status: 'succeeded', added: rows, processed: rows, succeeded: rows, failed: 0, notSent: 0 });
    assert.equal(rig.receiver.taken.new, rows);
    await assertReceiverEqualsTable();
  };

  it('that is killed in the middle of a load costs nothing but one batch per chunk under way, sent again under the same messageIds', async () => {
    const request = await startLoad();
    await victim.end('SIGKILL');
    assert.ok(rig.receiver.taken.new < rows, 'it was killed in the middle');
    const successor = await rig.startWorker();
    await finish(request);
    const { repeated } = rig.receiver.taken;
    assert.ok(repeated <= concurrency * batchSize, `${repeated} records were repeated`);
    await successor.stop();
  });

  it('that gets SIGTERM ends its batches, and its successor repeats nothing', async () => {
    const request = await startLoad();
    assert.equal(await victim.end('SIGTERM'), 0);
    assert.ok(rig.receiver.taken.new < rows, 'it was stopped in the middle');
    const successor = await rig.startWorker();
    await finish(request);
    assert.equal(rig.receiver.taken.repeated, 0);
    await successor.stop();
  });

  it('that sleeps until another has taken over sends nothing older after something newer when it wakes', async () => {
    proxy = await TcpProxy.start(rig.address);
    const request = await startLoad(proxy);
    const arrivals: { readonly id: string; readonly sync: number }[] = [];
    rig.receiver.refuseRecord = ({ messageId, __segment_id }) => {
      arrivals.push({ id: __segment_id ?? '', sync: Number(messageId?.split('-')[1]) });
      return null;
    };
    victim.signal('SIGSTOP');
    proxy.cut(); // or Temporal would hand tasks to the sleeper, which holds its polls open
    const successor = await rig.startWorker();
    await finish(request);
    await rig.database.query(`UPDATE ${people.table} SET name = 'newer'`);
    assert.equal((await people.sync()).succeeded, rows);

    victim.signal('SIGCONT');
    await sleep(1_500);
    assert.equal(await victim.end('SIGTERM'), 0);
    const latest = new Map<string, number>();
    for (const { id, sync } of arrivals) {
      assert.ok(sync >= (latest.get(id) ?? 0), `a record's version of sync ${sync} arrived after that of sync ${latest.get(id) ?? 0}`);
      latest.set(id, sync);
    }
    await assertReceiverEqualsTable();
    await successor.stop();
  });
});
