import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { ActivityDependencies } from '../../activities/dependencies.js';
import { createActivities } from '../../activities/index.js';
import { stepsAtOnce } from '../../activities/load-places.js';
import { hostPresenceQueue, hostTaskQueue, taskQueue } from '../contract/names.js';

type WorkflowBundle = NonNullable<WorkerOptions['workflowBundle']>;

/** The longest that activities get to end a batch under way after a stop. */
const stopWithinMs = 30_000;

/**
 * Temporal's workers for one process: one for all steps and, where this host alone can read what it stages, two for its own queues.
 * Throws StagingUnavailableError when the staging folder can't be used.
 */
export async function createTaskWorkers(server: Pick<WorkerOptions, 'connection' | 'namespace' | 'identity'>, dependencies: ActivityDependencies): Promise<readonly Worker[]> {
  const activities = createActivities(dependencies);
  const common = {
    ...server,
    shutdownForceTime: stopWithinMs,
    maxConcurrentActivityTaskExecutions: stepsAtOnce,
    // A cancellation reaches an activity with its heartbeats; the default would let a person wait 12 s.
    maxHeartbeatThrottleInterval: '3 seconds',
  } as const satisfies Partial<WorkerOptions>;
  const host = await dependencies.staging.host();
  const own: readonly WorkerOptions[] = host === null ? [] : [
    { ...common, taskQueue: hostTaskQueue(host), activities: { ...activities } },
    { ...common, taskQueue: hostPresenceQueue(host), activities: { hostPresent: (input: null) => activities.hostPresent(input) }, maxConcurrentActivityTaskPolls: 1 },
  ];
  return Promise.all([{ ...common, taskQueue, workflowBundle: await workflowBundle(), activities: { ...activities } }, ...own].map((options) => Worker.create(options)));
}

/** Resolves when all have stopped. When one fails the others stop, and its error is thrown once they have. */
export async function runTogether(workers: readonly Worker[]): Promise<void> {
  const runs = workers.map(async (worker) => {
    try {
      await worker.run();
    } catch (error) {
      shutDown(workers);
      throw error;
    }
  });
  await Promise.allSettled(runs);
  await Promise.all(runs);
}

export function shutDown(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
}

/** In a checkout: of this process, because each bundling takes seconds. */
let bundledHere: Promise<WorkflowBundle> | null = null;

/** A built worker finds the workflows in one file (scripts/finish-build.mjs). In a checkout Temporal bundles them from their source, which takes 100 MB that it keeps. */
function workflowBundle(): Promise<WorkflowBundle> {
  const codePath = beside('../../workflows/bundle.js');
  if (existsSync(codePath)) return Promise.resolve({ codePath });
  bundledHere ??= bundleWorkflowCode({ workflowsPath: beside('../../workflows/index.ts'), logger: Runtime.instance().logger });
  return bundledHere;
}

function beside(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
