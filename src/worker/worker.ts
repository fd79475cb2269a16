import { NativeConnection } from '@temporalio/worker';
import type { Configuration } from '../config/index.js';
import { TemporalUnavailableError } from '../errors/errors.js';
import { Adapters } from './adapters.js';
import { createTaskWorkers, runTogether, shutDown } from './task-workers.js';

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

/** Starts a worker for one configuration. Throws TemporalUnavailableError when nothing answers at the address. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const connection = await NativeConnection.connect({ address: options.address }).catch((error: unknown) => {
    throw new TemporalUnavailableError(`no Temporal server answers at ${options.address}: start one, or set TEMPORAL_ADDRESS`, { cause: error });
  });
  const adapters = await Adapters.load(options.configuration, options.env);
  const close = async (): Promise<void> => {
    await Promise.all([adapters.close(), connection.close()]);
  };
  try {
    const { namespace, identity } = options;
    const workers = await createTaskWorkers({ connection, namespace, ...(identity === undefined ? {} : { identity }) }, adapters.dependencies());
    const finished = runTogether(workers).finally(close);
    return {
      finished,
      stop: async () => {
        shutDown(workers);
        await finished;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
