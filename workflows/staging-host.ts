import { ActivityFailure, ApplicationFailure, proxyActivities, TimeoutFailure, type ActivityOptions } from '@temporalio/workflow';
import { hostPresenceQueue, hostTaskQueue } from '../src/contract/names.js';
import type { Activities, StagingHost } from '../activities/types.js';

/** Which worker takes a step, as options of an activity. */
export type StepPlace = Pick<ActivityOptions, 'taskQueue' | 'scheduleToStartTimeout'>;

/** How long a host that is there takes to say so, at most. */
const presenceTimeout = '10 seconds';

/** Where the steps of a sync run that need what it staged: on the host that has it, where one alone does; else on any. */
export class StagingPlace {
  #host: StagingHost | null = null;

  /** From here on the host's workers take the steps. */
  set(host: StagingHost | null): void {
    this.#host = host;
  }

  /** Runs a step where its records are. Throws when that host has not been there for as long as a sync waits for it; after that any worker will do. */
  async run<T>(step: (place: StepPlace) => Promise<T>): Promise<T> {
    for (;;) {
      const host = this.#host;
      if (host === null) return step({});
      try {
        return await step({ taskQueue: hostTaskQueue(host.id), scheduleToStartTimeout: host.waitMs });
      } catch (error) {
        if (!wasNotTaken(error)) throw error;
        // It may be there and have its hands full.
        if (await isPresent(host)) continue;
        this.#host = null;
        throw ApplicationFailure.nonRetryable(goneMessage(host), 'StagingHostGone');
      }
    }
  }

  /** The same for a step that has to be done: without its host it is done elsewhere, by what the warehouse knows. */
  async runWherePossible<T>(step: (place: StepPlace) => Promise<T>): Promise<T> {
    const hadHost = this.#host !== null;
    try {
      return await this.run(step);
    } catch (error) {
      if (hadHost && this.#host === null) return step({});
      throw error;
    }
  }
}

function wasNotTaken(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_START';
}

async function isPresent({ id }: StagingHost): Promise<boolean> {
  const { hostPresent } = proxyActivities<Activities>({
    taskQueue: hostPresenceQueue(id),
    scheduleToCloseTimeout: presenceTimeout,
    retry: { maximumAttempts: 1 },
  });
  try {
    await hostPresent.executeWithOptions({ summary: 'Ask whether the host that staged the records is there' }, [null]);
    return true;
  } catch (error) {
    if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) return false;
    throw error;
  }
}

function goneMessage({ id, waitMs }: StagingHost): string {
  const waited = waitMs < 120_000 ? `${Math.ceil(waitMs / 1000)} s` : `${Math.round(waitMs / 60_000)} min`;
  return `no worker of the host that staged the records (its staging folder is named ${id}) was there for ${waited}: start one there, or, where workers run on several hosts, use staging of type s3; the next sync finds again what was not sent`;
}
