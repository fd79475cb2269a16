import { sentOf } from './quota-past.js';
import { nothingSent, type Account, type LedgerState, type QuotaTerms } from './quota-state.js';
import { counted, countedIn, room } from './quota-sums.js';

/**
 * Records that a subscription may be granted now. Others that have just resumed and not yet come back find an equal share of what is left,
 * or all that they want if that is less, so that a large sync that comes first can't starve them.
 */
export function grantable(state: LedgerState, asking: Account): number {
  const left = Math.max(0, room(state));
  const others = expected(state, asking);
  const share = Math.floor(left / (others.length + 1));
  return left - others.reduce((sum, wanted) => sum + Math.min(wanted, share), 0);
}

/** Records that those want who have resumed and not yet come back. */
export function expected({ accounts }: LedgerState, except: Account | null = null): readonly number[] {
  return Object.values(accounts).flatMap((account) => (account !== except && account.pause?.kind === 'resuming' ? [account.pause.wanted] : []));
}

export interface Waiting {
  readonly account: Account;
  readonly wanted: number;
}

/** The paused subscriptions in the order in which they resume: those that used the least lately first, then those that wait longest. */
export function inFairOrder(state: LedgerState): readonly Waiting[] {
  const paused = Object.values(state.accounts).flatMap((account) => {
    if (account.pause?.kind !== 'paused') return [];
    const used = lastCycleOf(account, state.terms) + countedIn(account, state.cycle.startMs, state.terms);
    return [{ account, used, wanted: account.pause.wanted, sinceMs: account.pause.sinceMs }];
  });
  return paused.sort((a, b) => a.used - b.used || a.sinceMs - b.sinceMs || (a.account.subscriptionId < b.account.subscriptionId ? -1 : 1));
}

function lastCycleOf({ past: [last] }: Account, terms: QuotaTerms): number {
  return counted(last === undefined ? nothingSent : sentOf(last), terms);
}
