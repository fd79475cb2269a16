import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { toApplicationFailure } from '../src/errors/application-failure.js';
import { SluiceError, WorkerStoppingError } from '../src/errors/errors.js';

const heartbeatEveryMs = 3_000;

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

/** Heartbeats while `work` runs, so that a lost worker and a cancellation are noticed within seconds. */
export async function withHeartbeat<T>(work: (report: (progress: Progress) => void) => Promise<T>): Promise<T> {
  const context = Context.current();
  let latest = resumedProgress();
  const timer = setInterval(() => {
    context.heartbeat(latest);
  }, heartbeatEveryMs);
  try {
    return await work((progress) => {
      latest = progress;
      context.heartbeat(progress);
    });
  } finally {
    clearInterval(timer);
  }
}
