import { countedIn, room } from './quota-sums.js';
import type { Account, LedgerState } from './quota-state.js';

type Resuming = Account & { readonly pause: { readonly kind: 'resuming' } };
type Paused = Account & { readonly pause: { readonly kind: 'paused' } };

/**
 * Records that a subscription may be granted now. Others that have just resumed and not yet come back find an equal share of what is left,
 * or all that they want if that is less, so that a large sync that comes first can't starve them.
 */
export function grantable(state: LedgerState, asking: Account): number {
  const left = Math.max(0, room(state));
  const others = Object.values(state.accounts).filter((account): account is Resuming => account !== asking && account.pause?.kind === 'resuming');
  const share = Math.floor(left / (others.length + 1));
  return left - others.reduce((sum, { pause }) => sum + Math.min(pause.wanted, share), 0);
}

/** The paused subscriptions in the order in which they resume: those that used the least lately first, then those that wait longest. */
export function inFairOrder(state: LedgerState): readonly Paused[] {
  const paused = Object.values(state.accounts).filter((account): account is Paused => account.pause?.kind === 'paused');
  const used = new Map(paused.map((account) => [account, account.lastCycle + countedIn(account, state.cycle.startMs, state.terms)]));
  return paused.sort(
    (a, b) =>
      Number(a.pause.wanted === 0) - Number(b.pause.wanted === 0) ||
      (used.get(a) ?? 0) - (used.get(b) ?? 0) ||
      a.pause.sinceMs - b.pause.sinceMs ||
      (a.subscriptionId < b.subscriptionId ? -1 : 1),
  );
}
