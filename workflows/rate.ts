import { condition, continueAsNew, defineSignal, defineUpdate, setCurrentDetails, setHandler, upsertMemo, workflowInfo } from '@temporalio/workflow';
import { messageNames } from '../src/contract/messages.js';
import { memoKeys } from '../src/contract/names.js';
import type { RatePause, RateRelease, RateWorkflowInput } from '../src/contract/rate.js';
import { emptyRateState, RateBook, type RateAnswer, type RateRequest } from '../src/domain/rate-book.js';

const leaseUpdate = defineUpdate<RateAnswer, [RateRequest]>(messageNames.lease);
const releaseSignal = defineSignal<[RateRelease]>(messageNames.release);
const pauseSignal = defineSignal<[RatePause]>(messageNames.pauseSending);

/** How long it stays after nothing mattered any more, so that syncs that follow each other find it. */
const lingerMs = 60_000;

/** One for each destination whose rate is shared or which asked for a pause: leases the rate for seconds at a time, and stops everyone. Ends when nobody sends any more. */
export async function RateWorkflow({ destination, carried }: RateWorkflowInput): Promise<void> {
  const book = new RateBook(carried ?? emptyRateState);
  const startedMs = Date.now();
  setHandler(leaseUpdate, (request) => book.ask(request, Date.now()), { description: 'Asks for a part of the rate' });
  setHandler(releaseSignal, ({ holder, recent }) => book.release(holder, recent, Date.now()), { description: 'Gives a part of the rate back' });
  setHandler(
    pauseSignal,
    ({ ms }) => {
      const untilMs = book.pause(ms, Date.now());
      upsertMemo({ [memoKeys.pausedUntil]: untilMs });
      setCurrentDetails(`**${destination}** asked for a pause until ${new Date(untilMs).toISOString()}`);
    },
    { description: 'The destination asked to be left alone for a while' },
  );
  for (;;) {
    const stayMs = Math.max(startedMs, book.idleFromMs()) + lingerMs - Date.now();
    if (stayMs <= 0) return;
    if (await condition(() => workflowInfo().continueAsNewSuggested, stayMs)) return continueAsNew<typeof RateWorkflow>({ destination, carried: book.snapshot() });
  }
}
