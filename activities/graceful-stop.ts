import { Context } from '@temporalio/activity';

/** The longest that a batch under way is waited for once the load was told to stop. */
const maxGraceMs = 10_000;

/** Tells a load to stop between two batches; a batch under way gets some time to end, then its request is aborted. */
export interface GracefulStop {
  /** `sync`: this sync was cancelled. `worker`: this worker is stopping, and another attempt will go on. */
  reason(): 'sync' | 'worker' | null;
  readonly signal: AbortSignal;
  dispose(): void;
}

export function gracefulStop(requestMs: number): GracefulStop {
  const context = Context.current();
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    timer = setTimeout(() => {
      controller.abort();
    }, Math.min(requestMs, maxGraceMs));
  };
  if (context.cancellationSignal.aborted) stop();
  else context.cancellationSignal.addEventListener('abort', stop, { once: true });
  return {
    reason: () => (context.cancellationSignal.aborted ? (context.cancellationDetails?.workerShutdown === true ? 'worker' : 'sync') : null),
    signal: controller.signal,
    dispose: () => {
      clearTimeout(timer);
      context.cancellationSignal.removeEventListener('abort', stop);
    },
  };
}
