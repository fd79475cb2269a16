import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { taskQueue } from '../../src/contract/names.js';
import { freshNamespace, testServer } from '../support/temporal.js';

const workflowsPath = fileURLToPath(new URL('../support/workflows/sleeper.ts', import.meta.url));

describe("the worker image's health check", function () {
  this.timeout(60_000);

  it('fails without a worker on this host, and succeeds once one asks for work', async () => {
    const { address } = await testServer();
    const namespace = await freshNamespace();
    const check = () => spawnSync(process.execPath, ['docker/healthcheck.mjs'], { env: { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } });

    const before = check();
    assert.equal(before.status, 1);
    assert.match(before.stderr.toString(), /polls the task queue "sluice"/);

    const connection = await NativeConnection.connect({ address });
    const worker = await Worker.create({ connection, namespace, taskQueue, workflowsPath });
    await worker.runUntil(async () => {
      const deadline = Date.now() + 20_000;
      while (check().status !== 0) {
        assert.ok(Date.now() < deadline, 'the worker was not seen in time');
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    });
    await connection.close();
  });

  it('fails when no Temporal answers', () => {
    const { status } = spawnSync(process.execPath, ['docker/healthcheck.mjs'], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' }, timeout: 30_000 });
    assert.equal(status, 1);
  });
});
