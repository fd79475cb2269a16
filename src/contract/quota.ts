import type { LedgerState, QuotaTerms, UsageByDay } from '../domain/quota-state.js';
import type { ReserveRequest, UsageReport } from '../domain/quota-ledger.js';
import type { WorkspacePlan } from '../domain/plan.js';
import type { QuotaNotice } from '../domain/quota-hold.js';
import type { Subscription } from '../domain/subscription.js';
import { messageNames } from './messages.js';
import { memoKeys, quotaWorkflowId, taskQueue } from './names.js';

/** What starts a QuotaWorkflow. */
export interface QuotaWorkflowInput {
  readonly workspaceId: string;
  readonly terms: QuotaTerms;
  /** Carried over continue-as-new; absent at the first start, which counts anew from the state tables. */
  readonly carried?: CarriedQuota;
}

/** Sends a workspace's ledger a message, and starts it where there is none: options of Temporal's `signalWithStart`. */
export function quotaSignal(input: QuotaWorkflowInput, message: QuotaMessage) {
  return {
    workflowId: quotaWorkflowId(input.workspaceId),
    taskQueue,
    args: [input],
    memo: { [memoKeys.workspace]: input.workspaceId, [memoKeys.quotaTerms]: input.terms },
    staticSummary: `Usage and quota of workspace ${input.workspaceId}`,
    signal: messageNames.quotaMessage,
    signalArgs: [message] as [QuotaMessage],
  };
}

export interface CarriedQuota {
  /** Null while a new ledger still counts. */
  readonly ledger: LedgerState | null;
  /** Messages that had arrived and not been handled. */
  readonly inbox: readonly QuotaMessage[];
}

/** Signals of a QuotaWorkflow, one inbox for all, so that their order is kept. */
export type QuotaMessage =
  | { readonly kind: 'reserve'; readonly request: ReserveRequest }
  | { readonly kind: 'report'; readonly report: UsageReport }
  /** From `apply`; checked on arrival. */
  | { readonly kind: 'configure'; readonly terms: unknown };

/** Who sends a message about itself. */
interface LedgerSubject {
  readonly sync: { readonly number: number };
  readonly subscription: Subscription;
}

/** Asks for records. The same sync may ask again, and gets the same answer. */
export function reservation({ sync, subscription }: LedgerSubject, wanted: number): QuotaMessage {
  return { kind: 'reserve', request: { ...keysOf(subscription), number: sync.number, wanted } };
}

/** Tells what a sync has sent in all. */
export function usageReport({ sync, subscription }: LedgerSubject, usage: UsageByDay, { final }: { readonly final: boolean }): QuotaMessage {
  return { kind: 'report', report: { ...keysOf(subscription), number: sync.number, usage, final } };
}

function keysOf({ id, model, destination }: Subscription) {
  return { subscriptionId: id, source: model.source, destination };
}

/** The answer to a reservation, a signal to the SyncRunWorkflow. */
export interface QuotaGrant {
  readonly records: number;
  /** Which ledger granted it: a newer one, which doesn't know of it, has made it void. */
  readonly ledger: number;
}

/** What the ledger has to tell someone. */
export type QuotaDelivery =
  | { readonly kind: 'grant'; readonly subscriptionId: string; readonly number: number; readonly grant: QuotaGrant }
  | { readonly kind: 'notice'; readonly subscriptionId: string; readonly notice: QuotaNotice };

/** One sync's usage as its row in the warehouse has it. */
export interface SyncUsage {
  /** Null while the sync isn't settled. */
  readonly usage: UsageByDay | null;
  /** Whether there was anything to send, and so a reservation. */
  readonly reserved: boolean;
}

export interface CycleReport {
  /** ISO 8601 in UTC, like all times here. */
  readonly cycleStart: string;
  readonly cycleEnd: string;
  readonly processed: number;
  readonly byDestination: Readonly<Record<string, number>>;
  readonly bySubscription: Readonly<Record<string, number>>;
}

/** The answer of the `usage` query and of `sluice usage --json`. Numbers are records. */
export interface UsageView extends CycleReport {
  readonly workspaceId: string;
  readonly plan: WorkspacePlan['kind'];
  readonly limit: number;
  readonly reserved: number;
  readonly remaining: number;
  /** The subscriptions that wait for quota. */
  readonly paused: readonly string[];
  /** The day on which the limit is reached if the cycle goes on like this, `2026-02-28`; null when it is not. */
  readonly limitReachedOn: string | null;
  /** The last twelve, newest first. */
  readonly past: readonly CycleReport[];
}
