import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { UsageView } from '../../src/contract/quota.js';
import { freshDatabase } from '../support/postgres.js';
import { freshNamespace, testServer } from '../support/temporal.js';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';
import { runSluice, startSluice, variables, writeConfiguration, type Ended } from '../unit/cli/run-sluice.js';

const customers = '  customers_to_crm: {model: customers, destination: crm, schedule: manual}\n';
const unapplied = '  unapplied: {model: customers, destination: crm, schedule: manual, enabled: false}\n';
const noWorker = /^no worker answered within 15 s: start one with `sluice worker`/;

describe('sluice with a Temporal server', function () {
  this.timeout(90_000);
  let folder: TemporaryFolder;
  let place: Record<string, string>;
  const sluice = (...args: string[]): Promise<Ended> => runSluice(folder.path, args, place);
  const json = async (...args: string[]): Promise<unknown> => {
    const { exitCode, stdout, stderr } = await sluice('--json', ...args);
    assert.equal(exitCode, 0, stderr);
    return JSON.parse(stdout);
  };

  beforeEach(async () => {
    folder = await temporaryFolder();
    const { address } = await testServer();
    place = { ...variables, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: await freshNamespace() };
    await writeConfiguration(folder.path, customers + unapplied);
  });
  afterEach(() => folder.remove());

  it('plans and applies with no worker running: starts, configures, disables, and then finds nothing to change', async () => {
    assert.deepEqual(await json('plan'), [
      { kind: 'start', subscriptionId: 'customers_to_crm' },
      { kind: 'unchanged', subscriptionId: 'unapplied' },
    ]);
    const applied = await sluice('apply');
    assert.deepEqual(applied, { exitCode: 0, stdout: 'subscription      change\ncustomers_to_crm  started\nunapplied         unchanged\n', stderr: '' });
    assert.deepEqual(await json('plan'), [
      { kind: 'unchanged', subscriptionId: 'customers_to_crm' },
      { kind: 'unchanged', subscriptionId: 'unapplied' },
    ]);

    await writeConfiguration(folder.path, customers.replace('manual', '{every: 1h}'));
    const planned = await sluice('plan');
    assert.match(planned.stdout, /^customers_to_crm\s+would be configured \(schedule\)$/m);
    await writeConfiguration(folder.path, unapplied);
    assert.deepEqual(await json('apply'), [
      { kind: 'disable', subscriptionId: 'customers_to_crm' },
      { kind: 'unchanged', subscriptionId: 'unapplied' },
    ]);
  });

  it('says after 15 s that no worker answers, and sends what needs none', async () => {
    await sluice('apply');
    assert.deepEqual(await json('pause', 'customers_to_crm'), { subscriptionId: 'customers_to_crm', sent: 'pause' });
    const database = await freshDatabase();
    const usage = runSluice(folder.path, ['usage', '--json'], { ...place, WAREHOUSE_URL: database.url });
    for (const ended of await Promise.all([sluice('status', 'customers_to_crm'), sluice('sync', 'customers_to_crm', '--wait', '--json'), sluice('status')])) {
      assert.match(ended.stderr, noWorker);
      assert.deepEqual({ exitCode: ended.exitCode, stdout: ended.stdout }, { exitCode: 1, stdout: '' });
    }
    const { exitCode, stdout, stderr } = await usage;
    assert.deepEqual([exitCode, stderr], [0, 'no worker answered: counted from the state tables, by the plan of this configuration\n']);
    const { limit, processed, past } = JSON.parse(stdout) as UsageView;
    assert.deepEqual([limit, processed, past.length], [500_000, 0, 12]);
    await database.drop();
  });

  it('exits with 1 for a subscription that was never applied, and with 3 for a namespace that is not there', async () => {
    const [unknown, elsewhere] = await Promise.all([sluice('pause', 'customers_to_crm'), sluice('plan', '--namespace', 'nowhere')]);
    assert.deepEqual(unknown, { exitCode: 1, stdout: '', stderr: 'subscription "customers_to_crm" is not running: run `sluice apply` first\n' });
    assert.equal(elsewhere.exitCode, 3);
    assert.match(elsewhere.stderr, /^the Temporal server has no namespace "nowhere"/);
  });

  it('shows, refuses and runs syncs while a worker is there, which SIGTERM stops gracefully', async () => {
    const worker = await startSluice(folder.path, ['worker'], place);
    await Promise.all([worker.said(/worker started/), sluice('apply')]);

    const idle = { subscriptionId: 'customers_to_crm', state: 'idle', nextSyncAt: null, lastSync: null, pausedUntil: null, resetPending: false };
    assert.deepEqual(await json('status', 'customers_to_crm'), idle);
    assert.deepEqual(await json('status'), [idle]);

    const unknown = await sluice('replay', 'customers_to_crm', '--sync', 'other-1', '--wait');
    assert.deepEqual(unknown, { exitCode: 1, stdout: '', stderr: '"other-1" is no sync of subscription "customers_to_crm": see `sluice history customers_to_crm`\n' });
    assert.equal((await sluice('replay', 'customers_to_crm')).exitCode, 2);

    await sluice('pause', 'customers_to_crm');
    const refused = await sluice('sync', 'customers_to_crm', '--wait', '--json');
    assert.deepEqual(refused, { exitCode: 1, stdout: '', stderr: 'subscription "customers_to_crm" is paused: resume it first (sluice resume customers_to_crm)\n' });

    worker.child.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await worker.ended;
    assert.equal(exitCode, 0, stderr);
    assert.equal(stdout, '');
    const messages = stderr.trimEnd().split('\n').map((line) => (JSON.parse(line) as { msg: string }).msg);
    assert.equal(messages.at(-1), 'worker stopped');
    assert.ok(!stderr.includes('hidden'));
  });

  it('prints the result of a sync that failed, and exits with 1', async () => {
    await sluice('apply');
    await writeFile(join(folder.path, 'lacking.yaml'), 'workspace: {id: acme}\n');
    const worker = await startSluice(folder.path, ['worker', '-c', 'lacking.yaml'], place);
    await worker.said(/worker started/);
    const { exitCode, stdout } = await sluice('sync', 'customers_to_crm', '--wait', '--json');
    assert.equal(exitCode, 1);
    const { status, error } = JSON.parse(stdout) as { status: string; error: string };
    assert.equal(status, 'failed');
    assert.equal(error, 'subscription "customers_to_crm" names source "warehouse", which this worker\'s configuration lacks');
    worker.child.kill('SIGTERM');
    assert.equal((await worker.ended).exitCode, 0);
  });
});
