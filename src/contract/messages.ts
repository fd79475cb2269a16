import type { QuotaState } from '../domain/quota-hold.js';
import type { ReplayAsked } from '../domain/requests.js';
import type { Subscription } from '../domain/subscription.js';
import type { SubscriptionState, SyncResult } from '../domain/sync.js';

/** What starts a SyncWorkflow. */
export interface SyncWorkflowInput {
  readonly workspaceId: string;
  readonly subscription: Subscription;
  /** Carried over continue-as-new; absent at the first start. */
  readonly carried?: CarriedState;
}

/** What a SyncWorkflow must remember when it continues as new. Counts, times (ms since the epoch) and references only. */
export interface CarriedState {
  readonly paused: boolean;
  /** When the current schedule took effect. */
  readonly anchorMs: number;
  readonly lastStartedMs: number | null;
  readonly requests: RequestCounters;
  /** Absent where an earlier version continued as new. */
  readonly replays?: readonly ReplayAsked[];
  readonly recent: readonly SyncResult[];
  readonly lastRefusal: string | null;
  readonly fullRequested: boolean;
  readonly resetRequested: boolean;
  /** Absent where an earlier version continued as new. */
  readonly resetPending?: boolean;
  /** Absent where the ledger has never said anything. */
  readonly quota?: QuotaState;
}

/** Manual syncs are numbered: a caller knows its own is done when `served` has reached its number. */
export interface RequestCounters {
  readonly accepted: number;
  readonly served: number;
}

export interface SyncRequest {
  /** Compare the whole model even where a timestamp column would allow less. */
  readonly full?: boolean;
  /** Send again what this past sync staged, in the place of what changed: `12` or `customers_to_crm-12`. */
  readonly replay?: string | number;
}

export type SyncRequestAnswer =
  | { readonly accepted: true; readonly request: number }
  | { readonly accepted: false; readonly reason: string };

/** The answer of the `status` query and of `sluice status SUBSCRIPTION --json`, which leaves out the last three. Times are ISO 8601 in UTC. */
export interface SubscriptionStatus {
  readonly subscriptionId: string;
  readonly state: SubscriptionState;
  readonly nextSyncAt: string | null;
  readonly lastSync: SyncResult | null;
  readonly pausedUntil: string | null;
  /** A reset was asked for, and no sync has sent everything since. */
  readonly resetPending: boolean;
  /** The sync under way; null while none is, or before its number is known. */
  readonly currentSync: string | null;
  readonly requests: RequestCounters;
  /** Why the last `syncNow` or `replaySync` signal was refused; null after an accepted one. */
  readonly lastRefusal: string | null;
}

/** The answer of a SyncRunWorkflow's `progress` query. Records. */
export interface SyncProgress {
  readonly step: 'preparing' | 'diffing' | 'replaying' | 'staging' | 'loading' | 'settling';
  /** Null until the diff has counted. */
  readonly toSend: number | null;
  readonly processed: number;
}

/** Message names, as the plain Temporal CLI uses them. */
export const messageNames = {
  requestSync: 'requestSync',
  syncNow: 'syncNow',
  pause: 'pause',
  resume: 'resume',
  cancelSync: 'cancelSync',
  resetSync: 'resetSync',
  replaySync: 'replaySync',
  configure: 'configure',
  status: 'status',
  history: 'history',
  progress: 'progress',
  /** To a QuotaWorkflow: everything that changes its ledger. */
  quotaMessage: 'quotaMessage',
  /** To a SyncRunWorkflow: the answer to its reservation. */
  quotaGrant: 'quotaGrant',
  /** To a SyncWorkflow: the quota has cut it off, or it may go on. */
  quotaNotice: 'quotaNotice',
  usage: 'usage',
  /** To a RateWorkflow: an update that asks for a part of the rate, and the signals that give it back and stop everyone. */
  lease: 'lease',
  release: 'release',
  pauseSending: 'pauseSending',
} as const;
