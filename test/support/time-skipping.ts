import { randomUUID } from 'node:crypto';

import type { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';

const timeSkippingConfig = { enabled: true };
/** How many waits one `fastForward` may skip; left out, the server stops at 200. */
const maxSessionSkipCount = 100_000;

/** Makes every start request of a connection ask for time skipping, for which the TypeScript client has no option. */
export function skipTime({ workflowService: service }: Connection): void {
  const start = service.startWorkflowExecution.bind(service);
  const signalWithStart = service.signalWithStartWorkflowExecution.bind(service);
  const multiple = service.executeMultiOperation.bind(service);
  type Service = typeof service;
  service.startWorkflowExecution = ((request) => start({ ...request, timeSkippingConfig })) as Service['startWorkflowExecution'];
  service.signalWithStartWorkflowExecution = ((request) =>
    signalWithStart({ ...request, timeSkippingConfig })) as Service['signalWithStartWorkflowExecution'];
  service.executeMultiOperation = ((request) =>
    multiple({
      ...request,
      operations: (request.operations ?? []).map((operation) =>
        operation.startWorkflow ? { ...operation, startWorkflow: { ...operation.startWorkflow, timeSkippingConfig } } : operation,
      ),
    })) as Service['executeMultiOperation'];
}

/**
 * Moves a running workflow's clock ahead by a duration in ms, firing the timers on the way, and resolves when its clock is there.
 * Activities and children in flight are waited for in real time, and each timer on the way takes about 0.2 s. Afterwards its clock runs on at the usual pace.
 */
export async function fastForward(client: Client, workflowId: string, durationMs: number): Promise<void> {
  const { namespace } = client.options;
  const { workflowService } = client.connection;
  const id = randomUUID();
  const workflowExecution = { workflowId };
  const fastForwardConfig = { id, duration: msToTs(durationMs) };
  await workflowService.updateWorkflowExecutionOptions({
    namespace,
    workflowExecution,
    workflowExecutionOptions: { timeSkippingConfig: { ...timeSkippingConfig, maxSessionSkipCount, fastForwardConfig } },
    updateMask: { paths: ['time_skipping_config'] },
  });
  for (;;) {
    const answer = await workflowService.pollWorkflowExecutionTimeSkipping({ namespace, workflowExecution, fastForwardId: id });
    if (answer.fastForwardInfo?.hasCompleted) return;
    if (answer.failedReason) throw new Error(`workflow ${workflowId} can't be moved ahead by ${durationMs} ms: ${answer.failedReason}`);
  }
}
