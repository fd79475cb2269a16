import type { BillingCycle } from './billing-cycle.js';
import type { WorkspacePlan } from './plan.js';

/** What a workspace agreed to. `countFailed`: records that a destination refused count as usage too (source document, "Usage limits"). */
export interface QuotaTerms {
  readonly plan: WorkspacePlan;
  /** Day of the month (UTC) on which a billing cycle starts, 1 to 28. */
  readonly billingCycleDay: number;
  readonly countFailed: boolean;
}

/** The terms in a workspace's configuration, without what else is in it. */
export function quotaTermsOf({ plan, billingCycleDay, countFailed }: QuotaTerms): QuotaTerms {
  return { plan, billingCycleDay, countFailed };
}

/** Records that were sent, by how that ended. Both are kept whatever the terms count, so that terms can change within a cycle. */
export interface Sent {
  readonly succeeded: number;
  readonly failed: number;
}

/** The same, short: a ledger carries twelve of each subscription with it. */
export type SentPair = readonly [succeeded: number, failed: number];

/** By the day in UTC on which they were sent, `2026-02-28`. */
export type UsageByDay = Readonly<Record<string, Sent>>;

/** What one subscription's settled syncs sent to one destination in one cycle. */
export interface UsageEntry extends Sent {
  readonly cycleStartMs: number;
  readonly destination: string;
}

/** What a sync may still send, until it is settled. */
export interface Reservation {
  readonly number: number;
  readonly destination: string;
  /** Records. */
  readonly granted: number;
  /** What it has sent so far. */
  readonly usage: UsageByDay;
  /** When the ledger last heard of it, in ms since the epoch. */
  readonly heardMs: number;
}

/** A subscription that the quota has cut off. `wanted` is how many records it was denied; 0 when it was only told to wait. */
export type QuotaPause =
  | { readonly kind: 'paused'; readonly wanted: number; readonly sinceMs: number }
  /** It may go on, and until then its share of what is left is kept for it. */
  | { readonly kind: 'resuming'; readonly wanted: number; readonly untilMs: number };

/** One subscription on one source. Its sync numbers are the source's, so on another source they start anew. */
export interface Account {
  readonly subscriptionId: string;
  readonly source: string;
  /** All syncs up to this number are in `settled`, and none of them is counted again. */
  settledThrough: number;
  /** Of the current cycle, and of a later one when a worker's clock is a little ahead. */
  settled: readonly UsageEntry[];
  open: Reservation | null;
  pause: QuotaPause | null;
  /** What it sent in the cycles of the ledger's `past`, newest first; those before its own first one may be missing. */
  past: readonly SentPair[];
}

export interface PastCycle extends BillingCycle {
  readonly byDestination: Readonly<Record<string, Sent>>;
}

/** The whole ledger of a workspace, as it is carried from one run of its workflow to the next. */
export interface LedgerState {
  /** When this ledger was made; a newer one, which has counted everything anew, overrules it. */
  readonly foundedMs: number;
  /** Rises with every pause and resumption. */
  version: number;
  terms: QuotaTerms;
  cycle: BillingCycle;
  readonly accounts: Record<string, Account>;
  /** The cycles before the current one, newest first. */
  past: readonly PastCycle[];
  /** Which share of the limit, in percent, has been told as reached in this cycle. */
  warned: number;
}

/** What the state tables say about one subscription: the truth that a ledger starts from. */
export interface AccountReading {
  readonly subscriptionId: string;
  readonly source: string;
  readonly settledThrough: number;
  readonly settled: readonly UsageEntry[];
  readonly past: readonly SentPair[];
  /** The sync that has not been settled, and how many records it may send at most, as far as the tables know. */
  readonly open: { readonly number: number; readonly destination: string; readonly granted: number; readonly usage: UsageByDay } | null;
  /** Records that the last sync left behind because of the quota. */
  readonly wanted: number;
}

export function accountKey(source: string, subscriptionId: string): string {
  return `${source}/${subscriptionId}`;
}

export function addSent(one: Sent, other: Sent): Sent {
  return { succeeded: one.succeeded + other.succeeded, failed: one.failed + other.failed };
}

export const nothingSent: Sent = { succeeded: 0, failed: 0 };

/** Checks terms that arrived by message, from whoever. */
export function isQuotaTerms(value: unknown): value is QuotaTerms {
  if (typeof value !== 'object' || value === null) return false;
  const { plan, billingCycleDay, countFailed } = value as Partial<Record<keyof QuotaTerms, unknown>>;
  return isPlan(plan) && typeof countFailed === 'boolean' && isCount(billingCycleDay) && billingCycleDay >= 1 && billingCycleDay <= 28;
}

function isPlan(value: unknown): value is WorkspacePlan {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (value.kind === 'business') return 'per' in value && (value.per === 'mtus' || value.per === 'apiCalls') && 'count' in value && isCount(value.count);
  if (value.kind === 'custom') return 'records' in value && isCount(value.records);
  return value.kind === 'free' || value.kind === 'teams';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
