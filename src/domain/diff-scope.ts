import type { ModelTimestamp } from './subscription.js';

/** How much of the model one diff looks at. Only a full one sees deletions. */
export type DiffScope = 'full' | 'since_checkpoint';

/** What earlier diffs of a subscription left. Times in ms since the epoch. */
export interface DiffPast {
  /** One that is not in the future: what a clock left that was set back since is none. */
  readonly hasCheckpoint: boolean;
  /** When the last full diff began whose changes were all settled; null before the first. */
  readonly fullDiffAtMs: number | null;
  /** The query, the identifier or the timestamp column is another than then. */
  readonly modelChanged: boolean;
  /** Nothing has been delivered yet because the first rows are to be remembered as baseline. */
  readonly baselinePending: boolean;
}

/** A timestamp column saves reading the whole model, except where only the whole model can tell. */
export function diffScope(timestamp: ModelTimestamp | null, past: DiffPast, fullRequested: boolean, nowMs: number): DiffScope {
  if (timestamp === null || fullRequested || past.modelChanged || past.baselinePending) return 'full';
  if (!past.hasCheckpoint || past.fullDiffAtMs === null) return 'full';
  // A full diff in the future means that the clock was set back: nobody knows how long ago it was.
  const isDue = past.fullDiffAtMs > nowMs || nowMs - past.fullDiffAtMs >= timestamp.fullDiffEveryMs;
  return isDue ? 'full' : 'since_checkpoint';
}
