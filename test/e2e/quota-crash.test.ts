import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { QuotaRig, usageTotals } from '../support/quota.js';
import { createRig, eventually, type Rig } from '../support/sluice.js';
import { WorkerProcess } from '../support/worker-process.js';

describe('a worker that is killed while syncs reserve and send', function () {
  this.timeout(180_000);
  const limit = 700;
  const ids = ['one', 'two', 'three'];
  let rig: Rig;
  let quota: QuotaRig;
  before(async () => {
    rig = await createRig({ destination: { batchSize: 20, concurrency: 1, timeoutMs: 500, giveUpAfterMs: 20_000 } });
    quota = QuotaRig.on(rig, { kind: 'custom', records: limit });
  });
  after(() => rig.stop());

  it('leaves a ledger that has each processed record once, and no more than the plan allows', async () => {
    const worker = (): Promise<WorkerProcess> => WorkerProcess.start({ ...rig, configuration: quota.configuration });
    let victim = await worker();
    rig.receiver.next({ kind: 'delay', ms: 100 }, 60);
    for (const id of ids) await quota.subscribe(id, 300);
    const answers = await Promise.all(ids.map((id) => rig.client.requestSync(id)));
    assert.ok(answers.every(({ accepted }) => accepted));
    for (const arrived of [1, 120]) {
      await eventually(`${arrived} records have arrived`, () => rig.receiver.taken.new >= arrived, 60_000);
      await sleep(50);
      await victim.end('SIGKILL');
      victim = await worker();
    }
    await Promise.all(ids.map((id) => rig.client.waitForSync(id, 1)));
    const usage = await quota.usage();
    assert.deepEqual(await usageTotals(rig.database, ids), { processed: usage.processed, counted: usage.processed });
    assert.equal(usage.reserved, 0);
    assert.ok(usage.processed <= limit, `${usage.processed} of ${limit}`);
    assert.ok(rig.receiver.taken.new <= usage.processed, 'nothing arrived uncounted');
    await victim.end('SIGTERM');
  });
});
