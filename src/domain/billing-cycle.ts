/** One monthly billing cycle: from `startMs` on, and before `endMs` (ms since the epoch). Both are midnights in UTC. */
export interface BillingCycle {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * The cycle that a moment belongs to. Cycles start on the same day of every month; that every month has it is why the day is at most 28.
 *
 * @param day of the month in UTC, 1 to 28
 */
export function billingCycleAt(day: number, atMs: number): BillingCycle {
  const at = new Date(atMs);
  const year = at.getUTCFullYear();
  const startMonth = at.getUTCMonth() - (at.getUTCDate() < day ? 1 : 0);
  return { startMs: Date.UTC(year, startMonth, day), endMs: Date.UTC(year, startMonth + 1, day) };
}

/** The day in UTC that usage is written down under, `2026-02-28`. Cycles start at midnight, so days can be summed to any cycle. */
export function usageDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** The start of the cycle that a day belongs to, in ms since the epoch. */
export function cycleStartOfDay(billingCycleDay: number, day: string): number {
  return billingCycleAt(billingCycleDay, Date.parse(day)).startMs;
}
