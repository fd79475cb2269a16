import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { toApplicationFailure } from '../src/errors/application-failure.js';
import { SluiceError, WorkerStoppingError } from '../src/errors/errors.js';

const heartbeatEveryMs = 3_000;
/** A step may report thousands of times a second; each heartbeat is encoded and handed to the worker's core. */
const heartbeatAtMostEveryMs = 500;

/** Wraps a step: what it throws becomes a failure that is fit for Temporal; a cancellation stays one. */
export function asActivity<Input, Output>(step: (input: Input) => Promise<Output>): (input: Input) => Promise<Output> {
  return async (input) => {
    try {
      return await step(input);
    } catch (error) {
      const { cancellationSignal, cancellationDetails, log } = Context.current();
      if (cancellationDetails?.workerShutdown === true) throw toApplicationFailure(new WorkerStoppingError());
      if (cancellationSignal.aborted) throw new CancelledFailure('the step was cancelled');
      if (!(error instanceof SluiceError)) log.error('unexpected error in a step', { error: error instanceof Error ? error.name : typeof error, where: framesOf(error) });
      throw toApplicationFailure(error);
    }
  };
}

/** A stack without its first line, which holds the message and may quote data. */
function framesOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return (error.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at ')).join('\n');
}

export function cancellation(): AbortSignal {
  return Context.current().cancellationSignal;
}

/** Counts and references only: heartbeats show in the Web UI. */
export interface Progress {
  readonly processed: number;
  /** Since when nothing gets through, in ms since the epoch. */
  readonly silentSinceMs?: number;
}

/** What an earlier attempt at this step reported last. */
export function resumedProgress(): Progress | undefined {
  return Context.current().info.heartbeatDetails as Progress | undefined;
}

/** Heartbeats while `work` runs, so that a lost worker and a cancellation are noticed within seconds. When it fails, what it reported last is there for the next attempt. */
export async function withHeartbeat<T>(work: (report: (progress: Progress) => void) => Promise<T>): Promise<T> {
  const context = Context.current();
  let latest = resumedProgress();
  let sentAt = -Infinity;
  const send = (): void => {
    sentAt = performance.now();
    context.heartbeat(latest);
  };
  const timer = setInterval(send, heartbeatEveryMs);
  try {
    return await work((progress) => {
      latest = progress;
      if (performance.now() - sentAt >= heartbeatAtMostEveryMs) send();
    });
  } catch (error) {
    send();
    throw error;
  } finally {
    clearInterval(timer);
  }
}
