import { billingCycleAt, type BillingCycle } from './billing-cycle.js';
import { addSent, nothingSent, type Account, type LedgerState, type PastCycle, type Sent, type SentPair, type UsageEntry } from './quota-state.js';

/** How many cycles before the current one a ledger knows. */
const pastCycles = 12;

/** The cycle of a moment and those before it that a ledger knows, newest first. */
export function cyclesUpTo(billingCycleDay: number, atMs: number): { readonly current: BillingCycle; readonly past: readonly BillingCycle[] } {
  const current = billingCycleAt(billingCycleDay, atMs);
  const past: BillingCycle[] = [];
  while (past.length < pastCycles) past.push(billingCycleAt(billingCycleDay, (past.at(-1) ?? current).startMs - 1));
  return { current, past };
}

/** Ends the current cycle and begins the next one: what was sent in it becomes the newest of the past. */
export function closeCycle(state: LedgerState): void {
  const { cycle, terms } = state;
  let closed: PastCycle = { ...cycle, byDestination: {} };
  for (const account of Object.values(state.accounts)) {
    const ended = account.settled.filter(({ cycleStartMs }) => cycleStartMs === cycle.startMs);
    for (const entry of ended) closed = withSent(closed, entry);
    account.past = [pairOf(ended.reduce<Sent>(addSent, nothingSent)), ...account.past].slice(0, pastCycles);
    account.settled = account.settled.filter(({ cycleStartMs }) => cycleStartMs > cycle.startMs);
  }
  state.past = [closed, ...state.past].slice(0, pastCycles);
  state.cycle = billingCycleAt(terms.billingCycleDay, cycle.endMs);
}

/** Adds those entries that are of a cycle of the past. */
export function addToPast(state: LedgerState, account: Account, entries: readonly UsageEntry[]): void {
  for (const entry of entries) {
    const index = state.past.findIndex(({ startMs }) => startMs === entry.cycleStartMs);
    if (index === -1) continue;
    state.past = state.past.map((cycle, at) => (at === index ? withSent(cycle, entry) : cycle));
    const pairs = Array.from({ length: Math.max(account.past.length, index + 1) }, (_, at) => account.past[at] ?? pairOf(nothingSent));
    account.past = pairs.map((pair, at) => (at === index ? pairOf(addSent(sentOf(pair), entry)) : pair));
  }
}

export function sentOf([succeeded, failed]: SentPair): Sent {
  return { succeeded, failed };
}

export function pairOf({ succeeded, failed }: Sent): SentPair {
  return [succeeded, failed];
}

function withSent(cycle: PastCycle, { destination, ...sent }: UsageEntry): PastCycle {
  return { ...cycle, byDestination: { ...cycle.byDestination, [destination]: addSent(cycle.byDestination[destination] ?? nothingSent, sent) } };
}
