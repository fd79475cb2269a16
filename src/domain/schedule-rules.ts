import { Cron } from 'croner';
import { minMsBetweenSyncs, type Schedule } from './schedule.js';
import { limits } from './limits.js';

const runsToExamine = 300;
const dayMs = 86_400_000;

/**
 * Why a schedule may not be used, as a sentence, or null.
 * Syncs are at least 15 minutes apart (source document, "Configuration limits"). A cron expression is judged by its next 300 runs,
 * and by those around each change of the clocks in the year ahead, where an hour that is left out moves runs closer together.
 *
 * @param fromMs from when on runs are examined, in ms since the epoch
 */
export function scheduleProblem(schedule: Schedule, fromMs: number): string | null {
  switch (schedule.kind) {
    case 'manual':
      return null;
    case 'interval':
      return schedule.everyMs < minMsBetweenSyncs ? `syncs must be at least ${limits.minutesBetweenSyncs} minutes apart` : null;
    case 'cron':
      return timezoneProblem(schedule.timezone) ?? cronProblem(schedule.expression, schedule.timezone, fromMs);
  }
}

export function timezoneProblem(timezone: string): string | null {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
  } catch {
    return 'unknown time zone, expected an IANA name such as Europe/Berlin or UTC';
  }
  return /^[+-]/.test(timezone) ? 'expected an IANA time zone such as Europe/Berlin, which knows about summer time, instead of an offset' : null;
}

function cronProblem(expression: string, timezone: string, fromMs: number): string | null {
  const cron = parseCron(expression, timezone);
  if (cron === null) return 'is no cron expression, expected five fields such as "0 6 * * 1-5" (minute, hour, day, month, weekday)';
  const runs = runsAfter(cron, fromMs, runsToExamine);
  if (runs.length === 0) return 'this cron expression never comes due';
  const aroundClockChanges = clockChanges(timezone, fromMs).map((changeMs) => runsBetween(cron, changeMs - dayMs, changeMs + dayMs));
  const gapMs = Math.min(...[runs, ...aroundClockChanges].map(shortestGap));
  if (gapMs >= minMsBetweenSyncs) return null;
  return `syncs must be at least ${limits.minutesBetweenSyncs} minutes apart, and this schedule has two that are ${gapMs / 60_000} minutes apart`;
}

function parseCron(expression: string, timezone: string): Cron | null {
  // Croner also takes a single date and time; that is no schedule.
  if (expression.includes(':')) return null;
  try {
    return new Cron(expression, { timezone, mode: '5-part' });
  } catch {
    return null;
  }
}

function runsAfter(cron: Cron, fromMs: number, count: number): number[] {
  return cron.nextRuns(count, new Date(fromMs)).map((run) => run.getTime());
}

function runsBetween(cron: Cron, fromMs: number, toMs: number): number[] {
  const runs: number[] = [];
  let run = cron.nextRun(new Date(fromMs));
  while (run !== null && run.getTime() <= toMs) {
    runs.push(run.getTime());
    run = cron.nextRun(run);
  }
  return runs;
}

function shortestGap(runs: readonly number[]): number {
  return Math.min(Infinity, ...runs.slice(1).map((run, index) => run - (runs[index] ?? -Infinity)));
}

/** Times (ms since the epoch) in the 400 days to come, each less than a day after the clocks change. */
function clockChanges(timezone: string, fromMs: number): number[] {
  const wallClock = new Intl.DateTimeFormat('en', { timeZone: timezone, hour: 'numeric', minute: 'numeric', hourCycle: 'h23' });
  const days = Array.from({ length: 400 }, (_, day) => fromMs + day * dayMs);
  return days.filter((day) => wallClock.format(day) !== wallClock.format(day - dayMs));
}
