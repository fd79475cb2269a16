import { Cron } from 'croner';
import { limits } from './limits.js';

/** When a subscription's syncs start by themselves. Times of day belong to the schedule's own time zone. */
export type Schedule =
  | { readonly kind: 'interval'; readonly everyMs: number }
  | { readonly kind: 'cron'; readonly expression: string; readonly timezone: string }
  | { readonly kind: 'manual' };

export const minMsBetweenSyncs = limits.minutesBetweenSyncs * 60_000;

/**
 * The next time (ms since the epoch) at which a sync is due, or null when only a person starts one.
 * Never sooner than 15 minutes after the last start (source document, "Configuration limits").
 * The first sync of an interval schedule is due at once; a due time that passed while paused or syncing stays due.
 *
 * @param anchorMs when the schedule took effect, used until a first sync has started
 */
export function nextDueAt(schedule: Schedule, lastStartedMs: number | null, anchorMs: number): number | null {
  switch (schedule.kind) {
    case 'manual':
      return null;
    case 'interval':
      return lastStartedMs === null ? anchorMs : lastStartedMs + Math.max(schedule.everyMs, minMsBetweenSyncs);
    case 'cron': {
      const next = nextCronTime(schedule, lastStartedMs ?? anchorMs);
      return next === null ? null : Math.max(next, (lastStartedMs ?? -Infinity) + minMsBetweenSyncs);
    }
  }
}

function nextCronTime(schedule: { expression: string; timezone: string }, afterMs: number): number | null {
  return new Cron(schedule.expression, { timezone: schedule.timezone }).nextRun(new Date(afterMs))?.getTime() ?? null;
}
