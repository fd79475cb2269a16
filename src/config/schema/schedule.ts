import { z } from 'zod';
import { scheduleProblem, timezoneProblem } from '../../domain/schedule-rules.js';
import { limits } from '../../domain/limits.js';
import { minMsBetweenSyncs, type Schedule } from '../../domain/schedule.js';
import { alsoWhenOthersAreWrong, duration, exactlyOneOf } from './fields.js';

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const timeOfDay = /^([01]\d|2[0-3]):([0-5]\d)$/;

const planned = z
  .strictObject({
    every: duration('1ms', '3650d')
      .refine((ms) => ms >= minMsBetweenSyncs, `syncs must be at least ${limits.minutesBetweenSyncs} minutes apart`)
      .optional(),
    days: z.array(z.enum(weekdays)).min(1, 'is empty, expected weekdays such as [mon, thu]').optional(),
    cron: z.string().optional(),
    at: z.string().regex(timeOfDay, 'is no time of day, expected "HH:MM" from "00:00" to "23:59"').optional(),
    timezone: z
      .string()
      .superRefine((zone, ctx) => {
        const problem = timezoneProblem(zone);
        if (problem !== null) ctx.addIssue(problem);
      })
      .optional(),
  })
  .superRefine(exactlyOneOf(['every', 'days', 'cron']), alsoWhenOthersAreWrong)
  .superRefine((schedule, ctx) => {
    const problem = (path: string, message: string): void => ctx.addIssue({ code: 'custom', path: [path], message });
    if (schedule.days !== undefined && schedule.at === undefined) problem('at', 'is missing, expected a time of day such as "09:00"');
    if (schedule.days === undefined && schedule.at !== undefined) problem('at', 'belongs to days, expected the key days beside it');
    if (schedule.every !== undefined && schedule.timezone !== undefined) problem('timezone', 'has no meaning beside every, remove it');
  }, alsoWhenOthersAreWrong);

type Planned = z.output<typeof planned>;

/** @param nowMs from when on the runs of a cron expression are examined, in ms since the epoch */
export function scheduleSchema(nowMs: number): z.ZodType<Schedule> {
  const manual = z.literal('manual').transform((): Schedule => ({ kind: 'manual' }));
  return z.union([manual, planned.transform(toSchedule).superRefine(judge(nowMs))], {
    error: ({ input }) =>
      `${input === undefined ? 'is missing' : 'is no schedule'}, expected manual, {every: 15m}, {days: [mon], at: "09:00", timezone: UTC} or {cron: "0 6 * * *"}`,
  });
}

function toSchedule({ every, days, at, cron, timezone = 'UTC' }: Planned): Schedule {
  if (every !== undefined) return { kind: 'interval', everyMs: every };
  return { kind: 'cron', expression: cron ?? weeklyExpression(days ?? [], at ?? ''), timezone };
}

function weeklyExpression(days: readonly (typeof weekdays)[number][], at: string): string {
  const [hour, minute] = at.split(':').map(Number);
  const numbers = [...new Set(days)].map((day) => weekdays.indexOf(day)).sort();
  return `${minute ?? 0} ${hour ?? 0} * * ${numbers.join(',')}`;
}

/** Configurations repeat the same few schedules, and judging one takes milliseconds. */
export function judge(nowMs: number) {
  const judged = new Map<string, string | null>();
  return (schedule: Schedule, ctx: z.RefinementCtx): void => {
    const key = JSON.stringify(schedule);
    if (!judged.has(key)) judged.set(key, scheduleProblem(schedule, nowMs));
    const problem = judged.get(key) ?? null;
    if (problem !== null) ctx.addIssue(problem);
  };
}
