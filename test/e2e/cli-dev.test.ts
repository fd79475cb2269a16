import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { processesNaming } from '../support/processes.js';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';
import { runSluice, startSluice, variables, writeConfiguration, type Running } from '../unit/cli/run-sluice.js';

describe('sluice dev', function () {
  this.timeout(90_000);
  let folder: TemporaryFolder;
  let dev: Running | null = null;

  before(async () => {
    folder = await temporaryFolder();
    await writeConfiguration(folder.path, '  customers_to_crm: {model: customers, destination: crm, schedule: manual}\n');
  });
  after(async () => {
    dev?.child.kill('SIGKILL');
    await folder.remove();
  });

  for (const [time, signal] of [['the first time', 'SIGTERM'], ['again, finding the state of the first', 'SIGINT']] as const) {
    it(`starts a server, a worker and the subscriptions ${time}, and ${signal} stops all of it`, async () => {
      dev = await startSluice(folder.path, ['dev'], variables);
      const address = await dev.said(/status --address (\S+)`/);
      const { stdout } = await runSluice(folder.path, ['status', 'customers_to_crm', '--json', '--address', address]);
      assert.equal((JSON.parse(stdout) as { state: string }).state, 'idle');
      dev.child.kill(signal);
      const ended = await dev.ended;
      assert.equal(ended.exitCode, 0, ended.stderr);
      assert.match(ended.stderr, /Web UI at http:\/\/127\.0\.0\.1:\d+/);
      assert.match(ended.stderr, time === 'the first time' ? /customers_to_crm: started/ : /customers_to_crm: unchanged/);
      assert.ok((await stat(join(folder.path, '.sluice', 'temporal.db'))).size > 0);
      assert.deepEqual(await processesNaming(folder.path), []);
    });
  }
});
