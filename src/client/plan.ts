import { isDeepStrictEqual } from 'node:util';
import type { Subscription } from '../domain/subscription.js';

/** The workspace's plan, billing day or what counts is another than the one that holds. */
export interface TermsChange {
  readonly kind: 'terms';
  readonly workspaceId: string;
  readonly fields: readonly string[];
}

/** What `apply` does about one subscription. */
export type SubscriptionChange =
  | { readonly kind: 'start'; readonly subscriptionId: string }
  | { readonly kind: 'configure'; readonly subscriptionId: string; readonly fields: readonly string[] }
  /** It runs, and the configuration no longer has it. */
  | { readonly kind: 'disable'; readonly subscriptionId: string }
  | { readonly kind: 'unchanged'; readonly subscriptionId: string };

export type Change = SubscriptionChange | TermsChange;

/** What differs between the wanted subscriptions and the running ones, in the order of their ids. */
export function planChanges(wanted: Readonly<Record<string, Subscription>>, running: ReadonlyMap<string, Subscription>): readonly SubscriptionChange[] {
  const ids = [...new Set([...Object.keys(wanted), ...running.keys()])].sort();
  return ids.map((subscriptionId): SubscriptionChange => {
    const now = running.get(subscriptionId);
    const then = wanted[subscriptionId];
    if (then === undefined) return { kind: now?.enabled === true ? 'disable' : 'unchanged', subscriptionId };
    if (now === undefined) return { kind: then.enabled ? 'start' : 'unchanged', subscriptionId };
    const fields = (Object.keys(then) as (keyof Subscription)[]).filter((field) => !isDeepStrictEqual(then[field], now[field]));
    return fields.length === 0 ? { kind: 'unchanged', subscriptionId } : { kind: 'configure', subscriptionId, fields };
  });
}
