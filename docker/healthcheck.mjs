// Healthy: Temporal answers, and a worker on this host has asked it for workflow tasks within the last minutes. It asks every 60 s or
// more often, however busy it is; for activities it doesn't ask while all its slots are taken.
import { Connection } from '@temporalio/client';
import { hostname } from 'node:os';

const patienceMs = 150_000;

const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS, connectTimeout: '3s' });
const { pollers } = await connection.workflowService.describeTaskQueue({
  namespace: process.env.TEMPORAL_NAMESPACE ?? 'default',
  taskQueue: { name: 'sluice' },
  taskQueueType: 'TASK_QUEUE_TYPE_WORKFLOW',
});
await connection.close();

const polls = pollers.some(
  ({ identity, lastAccessTime }) => identity.endsWith(`@${hostname()}`) && Date.now() - Number(lastAccessTime.seconds) * 1000 < patienceMs,
);
if (!polls) {
  console.error(`no worker of host ${hostname()} polls the task queue "sluice"`);
  process.exitCode = 1;
}
