import type { BatchOutcome, Refusal } from '../src/destinations/deliver.js';
import type { LineOutcome } from '../src/staging/staging.js';

/**
 * A record that was alone in its batch, and over which nothing got through for `giveUpAfter`. Either it is the cause, or the destination is down: the next batch tells,
 * by one attempt. So such a record does not hold up those behind it, and an outage is still found. Until then its outcome is logged as that of an outage.
 */
export class LoneSuspect {
  constructor(
    private readonly logged: LineOutcome,
    private readonly heard: Refusal,
    /** Why the load ends if nothing comes behind it. */
    readonly reason: string,
  ) {}

  /** How the record ended, if the next batch shows that the destination is there. A silence stays ambiguous. */
  verdict({ records }: BatchOutcome): readonly LineOutcome[] {
    if (!records.some(({ kind }) => kind === 'succeeded' || kind === 'failed')) return [];
    const { line, outcome } = this.logged;
    const { reason, ...code } = this.heard;
    const words = `${reason}, though it took the next record`;
    return [outcome === 'ambiguous' ? { line, outcome, reason: words } : { line, outcome: 'failed', reason: words, ...code }];
  }
}

/** The record of a batch that may be why nothing got through, if it was alone. */
export function suspectOf({ stop }: BatchOutcome, unsuccessful: readonly LineOutcome[]): LoneSuspect | null {
  const [logged] = unsuccessful;
  return stop?.kind === 'gave_up' && stop.alone !== null && logged !== undefined ? new LoneSuspect(logged, stop.alone, stop.reason) : null;
}
