import { minMsBetweenSyncs } from './schedule.js';

/** What the workspace's quota lets a subscription do. Times in ms since the epoch. */
export type QuotaHold =
  | { readonly kind: 'open' }
  | { readonly kind: 'paused'; readonly untilMs: number }
  /** It may go on; `starts`: with a sync, because it was cut off. Its schedule waits until then too, so that not all start at once. */
  | { readonly kind: 'resuming'; readonly atMs: number; readonly starts: boolean };

/** What the ledger told last, and under which version. */
export interface QuotaState {
  readonly version: number;
  readonly hold: QuotaHold;
}

/** What the ledger tells a subscription: the quota has cut it off, or it may go on. Of two notices, the one with the higher version holds. */
export type QuotaNotice =
  | { readonly kind: 'paused'; readonly version: number; readonly untilMs: number }
  | {
      readonly kind: 'resumed';
      readonly version: number;
      /** Whether a sync starts, after `delayMs`; otherwise the schedule goes on then. */
      readonly starts: boolean;
      readonly delayMs: number;
      /** Even if the last sync started less than 15 minutes ago. */
      readonly soon: boolean;
    };

/** The state after a notice. One that was overtaken by a newer one says nothing any more. */
export function heeded(state: QuotaState, notice: QuotaNotice, lastStartedMs: number | null, nowMs: number): QuotaState {
  const { version } = notice;
  if (version <= state.version) return state;
  if (notice.kind === 'paused') return { version, hold: { kind: 'paused', untilMs: notice.untilMs } };
  if (state.hold.kind !== 'paused' && !notice.starts) return state;
  const soonest = notice.soon || lastStartedMs === null ? 0 : lastStartedMs + minMsBetweenSyncs;
  return { version, hold: { kind: 'resuming', atMs: Math.max(nowMs + notice.delayMs, soonest), starts: notice.starts } };
}
