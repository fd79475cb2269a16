import type { QuotaDelivery, QuotaGrant, QuotaMessage } from '../src/contract/quota.js';
import type { Extracted } from '../src/domain/books.js';
import type { SyncLookup } from '../src/domain/quota-ledger.js';
import type { AccountReading, PastCycle } from '../src/domain/quota-state.js';
import type { Subscription } from '../src/domain/subscription.js';
import type { EarlyEnd, SyncResult, SyncTrigger } from '../src/domain/sync.js';

/** One sync as activities pass it on; the same as the warehouse's reference to its row. */
export interface OpenedSync {
  readonly subscriptionId: string;
  readonly number: number;
  readonly epoch: number;
}

export interface StepInput {
  readonly sync: OpenedSync;
  readonly workspaceId: string;
  /** Pinned when the sync was opened. */
  readonly subscription: Subscription;
  /** Compare the whole model even where a timestamp column would allow less. */
  readonly full: boolean;
  /** Take what the sync of this number staged, in the place of a diff. */
  readonly replayed?: number;
}

export interface ReplayInput extends StepInput {
  readonly replayed: number;
}

export interface ResetInput {
  readonly subscription: Subscription;
}

export interface OpenSyncInput {
  readonly subscription: Subscription;
  readonly trigger: SyncTrigger;
  /** The same for every try at opening one sync. */
  readonly requestKey: string;
}

export interface DiffSummary {
  readonly extracted: Extracted;
  readonly toSend: number;
  readonly moreToExtract: boolean;
  /** How many chunks may be loaded at once. */
  readonly concurrency: number;
}

export interface LoadInput extends StepInput {
  readonly chunk: number;
}

export interface LoadSummary {
  readonly succeeded: number;
  readonly failed: number;
  readonly notSent: number;
  /** The day in UTC that its records count on. */
  readonly finishedOn: string;
  /** Why no other chunk should start; null when nothing speaks against it. */
  readonly stop: string | null;
}

export interface StageInput extends StepInput {
  readonly grant: QuotaGrant;
}

/** The host that alone can read what it staged, and how long a sync waits for it, in ms. */
export interface StagingHost {
  readonly id: string;
  readonly waitMs: number;
}

/** 'void': a newer ledger doesn't know of the grant; ask it again. */
export type StagedRecords =
  /** `host` is absent when every worker can read what was staged. */
  | { readonly kind: 'staged'; readonly chunks: readonly number[]; readonly host?: StagingHost }
  | { readonly kind: 'void' };

export interface ReadUsageInput {
  readonly billingCycleDay: number;
  /** The moment whose cycle is the current one, in ms since the epoch. */
  readonly atMs: number;
  /** Which ledger asks (ms since the epoch of its foundation); 0: someone who only looks, and makes no grant void. */
  readonly ledger: number;
}

export interface LookUpInput {
  readonly source: string;
  readonly subscriptionId: string;
  readonly number: number;
}

export interface CountedUsage {
  readonly accounts: readonly AccountReading[];
  /** The twelve cycles before, newest first. */
  readonly past: readonly PastCycle[];
}

export interface SettleInput extends StepInput {
  readonly end: EarlyEnd | null;
}

export interface ConfigurationInput {
  /** The subscription that it is meant for. */
  readonly id: string;
  readonly subscription: unknown;
}

/** `problems` are sentences; the subscription that is fine may be written otherwise than the one that arrived (a final `;` is gone). */
export type CheckedConfiguration =
  | { readonly kind: 'fine'; readonly subscription: Subscription }
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/** The steps of a sync, as workflows call them (DESIGN: "One sync"). Their names are durable: running workflows know them. */
export interface Activities {
  /** Checks a configuration that arrived by message. */
  validateSubscription(input: ConfigurationInput): Promise<CheckedConfiguration>;
  resetState(input: ResetInput): Promise<void>;
  openSync(input: OpenSyncInput): Promise<OpenedSync>;
  diffModel(input: StepInput): Promise<DiffSummary>;
  replaySync(input: ReplayInput): Promise<DiffSummary>;
  stageRecords(input: StageInput): Promise<StagedRecords>;
  loadChunk(input: LoadInput): Promise<LoadSummary>;
  settleSync(input: SettleInput): Promise<SyncResult>;
  /** Answers that the host is there; taken from its presence queue. */
  hostPresent(input: null): Promise<void>;
  tellLedger(message: QuotaMessage): Promise<void>;
  readUsage(input: ReadUsageInput): Promise<CountedUsage>;
  deliverNotices(lines: readonly (readonly QuotaDelivery[])[]): Promise<void>;
  lookUpSync(input: LookUpInput): Promise<SyncLookup>;
}
