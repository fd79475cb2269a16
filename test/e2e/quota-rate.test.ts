import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { tellLedger } from '../../activities/tell-ledger.js';
import type { QuotaMessage } from '../../src/contract/quota.js';
import { usageDay } from '../../src/domain/billing-cycle.js';
import { quotaTermsOf } from '../../src/domain/quota-state.js';
import { QuotaRig } from '../support/quota.js';
import { createRig, eventually, type Rig } from '../support/sluice.js';
import type { reserver } from '../support/workflows/reserver.js';

const subscriptions = Number(process.env['SLUICE_QUOTA_SUBSCRIPTIONS'] ?? 200);

describe('many subscriptions that reserve at once', function () {
  this.timeout(60_000 + subscriptions * 300);
  let rig: Rig;
  let quota: QuotaRig;
  let connection: NativeConnection;
  let worker: Worker;
  let running: Promise<void>;
  const taskQueue = `reservers-${randomUUID()}`;

  before(async () => {
    rig = await createRig();
    quota = QuotaRig.on(rig, { kind: 'custom', records: subscriptions * 10 - 7 });
    await rig.startWorker(quota.configuration);
    await quota.changePlan(quota.configuration.workspace.plan);
    connection = await NativeConnection.connect({ address: rig.address });
    const workflowsPath = fileURLToPath(new URL('../support/workflows/reserver.ts', import.meta.url));
    const asWorkersAre = { workspaceId: quota.workspaceId, quotaTerms: quotaTermsOf(quota.configuration.workspace) };
    const activities = { tellLedger: (message: QuotaMessage) => tellLedger(asWorkersAre, message) };
    worker = await Worker.create({ connection, namespace: rig.namespace, taskQueue, workflowsPath, activities });
    running = worker.run();
  });
  after(async () => {
    worker.shutdown();
    await running;
    await connection.close();
    await rig.stop();
  });

  it('get exactly what the plan leaves, and the ledger has it to the record', async () => {
    const day = usageDay(Date.now());
    // All ask at one moment, by which they have been started.
    const atMs = Date.now() + subscriptions * 20;
    const ids = Array.from({ length: subscriptions }, (_, index) => `many_${index}`);
    const granted = await Promise.all(
      ids.map((id) => rig.temporal.workflow.execute<typeof reserver>('reserver', { workflowId: `sync/${id}/1`, taskQueue, args: [id, 10, day, atMs] })),
    );
    const seconds = (Date.now() - atMs) / 1_000;
    const limit = subscriptions * 10 - 7;
    assert.equal(granted.reduce((sum, records) => sum + records, 0), limit);
    assert.ok(granted.filter((records) => records < 10).length <= 1);
    await eventually('everything is settled', async () => (await quota.usage()).reserved === 0);
    const usage = await quota.usage();
    assert.deepEqual([usage.processed, usage.remaining, usage.byDestination], [limit, 0, { crm: limit }]);
    process.stdout.write(`      ${subscriptions} reservations that came at once were granted and settled in ${seconds.toFixed(1)} s: ${Math.round(subscriptions / seconds)} a second\n`);
  });
});
