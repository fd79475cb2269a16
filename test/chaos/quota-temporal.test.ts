import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { startGuarded, type GuardedProcess } from '../../src/devserver/guarded-process.js';
import { choosePort } from '../../src/devserver/ports.js';
import { defaultCacheFolder, findTemporalCli } from '../../src/devserver/temporal-cli.js';
import { QuotaRig, usageTotals } from '../support/quota.js';
import { createRig, eventually, type Rig } from '../support/sluice.js';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';
import { WorkerProcess } from '../support/worker-process.js';

const namespace = 'default';

/** A Temporal server that can be killed, and started again on what it has left. */
class MortalTemporal {
  private server: GuardedProcess | null = null;

  constructor(
    private readonly port: number,
    private readonly stateFile: string,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const command = await findTemporalCli({ cacheFolder: defaultCacheFolder(), log: () => undefined });
    const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(this.port), '--headless', '--db-filename', this.stateFile];
    this.server = startGuarded({ command, args, abandonedSignal: 'SIGKILL' });
    await eventually('it answers', () => this.answers(), 60_000);
  }

  async kill(): Promise<void> {
    if (this.server?.isRunning()) process.kill(this.server.pid, 'SIGKILL');
    await this.server?.exited;
  }

  private async answers(): Promise<boolean> {
    const connection = await Connection.connect({ address: this.address, connectTimeout: 1_000 }).catch(() => null);
    if (connection === null) return false;
    const listed = await connection.workflowService.listWorkflowExecutions({ namespace, pageSize: 1 }).then(() => true, () => false);
    await connection.close();
    return listed;
  }
}

describe('Temporal, killed in the middle of reservations', function () {
  this.timeout(180_000);
  const limit = 500;
  const ids = ['one', 'two', 'three'];
  let folder: TemporaryFolder;
  let temporal: MortalTemporal;
  let rig: Rig;
  let quota: QuotaRig;
  let worker: WorkerProcess;

  before(async () => {
    folder = await temporaryFolder();
    temporal = new MortalTemporal(await choosePort({ purpose: 'Temporal', asked: 0, preferred: 0 }), join(folder.path, 'temporal.db'));
    await temporal.start();
    rig = await createRig({ server: { address: temporal.address, namespace }, destination: { batchSize: 20, concurrency: 1 } });
    quota = QuotaRig.on(rig, { kind: 'custom', records: limit });
    worker = await WorkerProcess.start({ ...rig, configuration: quota.configuration });
  });
  after(async () => {
    await worker.end('SIGKILL');
    await rig.stop();
    await temporal.kill();
    await folder.remove();
  });

  it('and the worker with it, leaves a ledger that has each processed record once, and no more than the plan allows', async () => {
    rig.receiver.next({ kind: 'delay', ms: 100 }, 60);
    for (const id of ids) await quota.subscribe(id, 300);
    await Promise.all(ids.map((id) => rig.client.requestSync(id)));
    await eventually('something is reserved', async () => (await quota.usage()).reserved > 0);
    await temporal.kill();
    await sleep(500);
    await temporal.start();
    await eventually('records arrive', () => rig.receiver.taken.new >= 100, 60_000);
    await Promise.all([temporal.kill(), worker.end('SIGKILL')]);
    await temporal.start();
    worker = await WorkerProcess.start({ ...rig, configuration: quota.configuration });
    await Promise.all(ids.map((id) => rig.client.waitForSync(id, 1)));
    const usage = await quota.usage();
    assert.deepEqual(await usageTotals(rig.database, ids), { processed: usage.processed, counted: usage.processed });
    assert.equal(usage.reserved, 0);
    assert.ok(usage.processed <= limit, `${usage.processed} of ${limit}`);
    assert.ok(rig.receiver.taken.new <= usage.processed, 'nothing arrived uncounted');
  });

  it('and wiped, is told by the tables what was used, before it grants anything', async () => {
    const before = await quota.usage();
    await temporal.kill();
    await rm(join(folder.path, 'temporal.db'));
    await temporal.start();
    await quota.changePlan({ kind: 'custom', records: limit });
    await eventually('the ledger has counted', async () => quota.usage().then(() => true, () => false), 60_000);
    const { processed, reserved, bySubscription } = await quota.usage();
    assert.deepEqual({ processed, reserved, bySubscription }, { processed: before.processed, reserved: 0, bySubscription: before.bySubscription });
    const asked = await Promise.all(ids.map(async (id) => ({ id, answer: await rig.client.requestSync(id) })));
    const results = await Promise.all(asked.flatMap(({ id, answer }) => (answer.accepted ? [rig.client.waitForSync(id, answer.request)] : [])));
    assert.ok(results.reduce((sum, result) => sum + result.processed, 0) <= limit - processed, 'a wiped Temporal never means a free quota');
  });
});
