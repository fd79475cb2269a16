import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createActivities } from '../../activities/index.js';
import { stepsAtOnce } from '../../activities/load-places.js';
import type { Configuration } from '../config/index.js';
import { taskQueue } from '../contract/names.js';
import { TemporalUnavailableError } from '../errors/errors.js';
import { Adapters } from './adapters.js';

export interface WorkerOptions {
  readonly configuration: Configuration;
  readonly env: NodeJS.ProcessEnv;
  readonly address: string;
  readonly namespace: string;
  /** Tells workers on one host apart in the Web UI. */
  readonly identity?: string;
}

export interface RunningWorker {
  /** Resolves when the worker has stopped; rejects when it failed. */
  readonly finished: Promise<void>;
  /** Batches under way end, positions are kept, and other workers go on. */
  stop(): Promise<void>;
}

/** The longest that activities get to end a batch under way after a stop. */
const stopWithinMs = 30_000;

/** Starts a worker for one configuration. Throws TemporalUnavailableError when nothing answers at the address. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const connection = await NativeConnection.connect({ address: options.address }).catch((error: unknown) => {
    throw new TemporalUnavailableError(`no Temporal server answers at ${options.address}: start one, or set TEMPORAL_ADDRESS`, { cause: error });
  });
  const adapters = await Adapters.load(options.configuration, options.env);
  try {
    const worker = await Worker.create({
      connection,
      namespace: options.namespace,
      taskQueue,
      workflowsPath: workflowsPath(),
      activities: { ...createActivities(adapters.dependencies()) },
      shutdownForceTime: stopWithinMs,
      maxConcurrentActivityTaskExecutions: stepsAtOnce,
      // A cancellation reaches an activity with its heartbeats; the default would let a person wait 12 s.
      maxHeartbeatThrottleInterval: '3 seconds',
      ...(options.identity === undefined ? {} : { identity: options.identity }),
    });
    const finished = worker.run().finally(() => Promise.all([adapters.close(), connection.close()]));
    return {
      finished,
      stop: async () => {
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await finished;
      },
    };
  } catch (error) {
    await Promise.all([adapters.close(), connection.close()]);
    throw error;
  }
}

/** The workflows beside this file: TypeScript in a checkout, JavaScript when built. */
function workflowsPath(): string {
  const built = fileURLToPath(new URL('../../workflows/index.js', import.meta.url));
  return existsSync(built) ? built : fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
}
