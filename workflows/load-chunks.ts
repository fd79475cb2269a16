import { CancellationScope } from '@temporalio/workflow';
import type { EarlyEnd } from '../src/domain/sync.js';
import type { LoadSummary, StepInput } from '../activities/types.js';
import type { StagingPlace } from './staging-host.js';
import { lastingSteps } from './steps.js';

/**
 * Loads the chunks, a bounded number at once. When one says that no other should start, those under way end first; when one fails, they are stopped.
 * Returns why the load ended early, or null.
 */
export async function loadChunks(
  input: StepInput,
  chunks: readonly number[],
  place: StagingPlace,
  concurrency: number,
  onLoaded: (loaded: LoadSummary) => void,
): Promise<EarlyEnd | null> {
  const waiting = [...chunks];
  const { destination } = input.subscription;
  const ended: { stop: string | null } = { stop: null };
  const sender = async (): Promise<void> => {
    for (let chunk = waiting.shift(); chunk !== undefined && ended.stop === null; chunk = waiting.shift()) {
      const ordinal = chunks.indexOf(chunk) + 1;
      const summary = `Load chunk ${ordinal} of ${chunks.length} to ${destination}`;
      const loaded = await place.run((where) => lastingSteps.loadChunk.executeWithOptions({ summary, ...where }, [{ ...input, chunk }]));
      ended.stop ??= loaded.stop;
      onLoaded(loaded);
    }
  };
  await untilOneFails(Array.from({ length: Math.min(concurrency, chunks.length) }, () => sender));
  return ended.stop === null ? null : { kind: 'failed', message: ended.stop };
}

/** Runs tasks together. The first failure cancels the others, and is thrown once all have ended: nothing goes on sending behind it. */
async function untilOneFails(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  await CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    const run = async (task: () => Promise<void>): Promise<void> => {
      try {
        await task();
      } catch (error) {
        failures.push(error);
        scope.cancel();
      }
    };
    await Promise.all(tasks.map(run));
  });
  if (failures.length > 0) throw failures[0];
}
