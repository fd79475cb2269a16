import { cycleStartOfDay } from './billing-cycle.js';
import { addSent, nothingSent, type Account, type LedgerState, type QuotaTerms, type Sent, type UsageByDay, type UsageEntry } from './quota-state.js';
import { recordLimitOf } from './plan.js';

/** Records of `sent` that count against the limit. */
export function counted(sent: Sent, terms: QuotaTerms): number {
  return sent.succeeded + (terms.countFailed ? sent.failed : 0);
}

/** Records that have left, whether or not they count. */
export function spent(usage: UsageByDay): number {
  return Object.values(usage).reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0);
}

/** A sync's usage by cycle. */
export function entriesOf(usage: UsageByDay, destination: string, billingCycleDay: number): readonly UsageEntry[] {
  return Object.entries(usage).map(([day, { succeeded, failed }]) => ({ cycleStartMs: cycleStartOfDay(billingCycleDay, day), destination, succeeded, failed }));
}

/** Puts entries of the same cycle and destination together. */
export function merged(entries: readonly UsageEntry[]): readonly UsageEntry[] {
  const sums = new Map<string, UsageEntry>();
  for (const entry of entries) {
    const key = `${entry.cycleStartMs} ${entry.destination}`;
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? entry : { ...sum, ...addSent(sum, entry) });
  }
  return [...sums.values()];
}

/** All that a subscription has sent, by cycle and destination: settled, and so far. */
export function usageOf(account: Account, terms: QuotaTerms): readonly UsageEntry[] {
  if (account.open === null) return account.settled;
  return [...account.settled, ...entriesOf(account.open.usage, account.open.destination, terms.billingCycleDay)];
}

/** Records of one subscription that count in the cycle that starts then. */
export function countedIn(account: Account, cycleStartMs: number, terms: QuotaTerms): number {
  const entries = usageOf(account, terms).filter((entry) => entry.cycleStartMs === cycleStartMs);
  return counted(entries.reduce<Sent>(addSent, nothingSent), terms);
}

/** Records that an open sync may still send. */
function remainderOf({ open }: Account): number {
  return open === null ? 0 : Math.max(0, open.granted - spent(open.usage));
}

/** Records of all open syncs that were granted and have not been sent. */
export function reserved(state: LedgerState): number {
  return Object.values(state.accounts).reduce((sum, account) => sum + remainderOf(account), 0);
}

/**
 * Records that can still be granted; below zero when the limit was lowered. What is open may be sent in this cycle or in the next one, so it has to fit into both.
 */
export function room(state: LedgerState): number {
  const byCycle = new Map([[state.cycle.startMs, 0]]);
  for (const account of Object.values(state.accounts)) {
    for (const entry of usageOf(account, state.terms)) {
      if (entry.cycleStartMs < state.cycle.startMs) continue;
      byCycle.set(entry.cycleStartMs, (byCycle.get(entry.cycleStartMs) ?? 0) + counted(entry, state.terms));
    }
  }
  return recordLimitOf(state.terms.plan) - Math.max(...byCycle.values()) - reserved(state);
}

/** Records that count in the current cycle. */
export function processed(state: LedgerState): number {
  return Object.values(state.accounts).reduce((sum, account) => sum + countedIn(account, state.cycle.startMs, state.terms), 0);
}
