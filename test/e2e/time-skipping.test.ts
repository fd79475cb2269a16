import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { NativeConnection, Worker } from '@temporalio/worker';

import { freshNamespace, testClient, testServer, timeSkippingClient } from '../support/temporal.js';
import { fastForward } from '../support/time-skipping.js';
import { sleeper, ticker, ticksQuery } from '../support/workflows/sleeper.js';

const hour = 3_600_000;
const thirtyDays = 30 * 24 * hour;

describe('time skipping on the test server', () => {
  const taskQueue = `time-skipping-${randomUUID()}`;
  let connection: NativeConnection;
  let worker: Worker;
  let running: Promise<void>;
  let namespace: string;

  before(async () => {
    const { address } = await testServer();
    namespace = await freshNamespace();
    connection = await NativeConnection.connect({ address });
    const workflowsPath = fileURLToPath(new URL('../support/workflows/sleeper.ts', import.meta.url));
    worker = await Worker.create({ connection, namespace, taskQueue, workflowsPath });
    running = worker.run();
  });

  after(async () => {
    worker.shutdown();
    await running;
    await connection.close();
  });

  it('lets a workflow that asks for it sleep thirty days in seconds', async () => {
    const client = await timeSkippingClient(namespace);
    const startedAt = performance.now();
    const slept = await client.workflow.execute(sleeper, { taskQueue, workflowId: randomUUID(), args: [thirtyDays] });
    assert.ok(slept >= thirtyDays, `slept ${slept} ms`);
    assert.ok(performance.now() - startedAt < 10_000);
  });

  it('fast-forwards a workflow that loops for ever by exactly the time asked for', async () => {
    const client = await testClient(namespace);
    const handle = await client.workflow.start(ticker, { taskQueue, workflowId: randomUUID(), args: [hour] });
    assert.equal(await handle.query(ticksQuery), 0);
    await fastForward(client, handle.workflowId, 3.5 * hour);
    assert.equal(await handle.query(ticksQuery), 3);
    await fastForward(client, handle.workflowId, 20 * hour);
    assert.equal(await handle.query(ticksQuery), 23);
    await handle.terminate();
  });
});
