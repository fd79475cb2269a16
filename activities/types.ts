import type { Extracted } from '../src/domain/books.js';
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
  /** Pinned when the sync was opened. */
  readonly subscription: Subscription;
  /** Compare the whole model even where a timestamp column would allow less. */
  readonly full: boolean;
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
  /** Why no other chunk should start; null when nothing speaks against it. */
  readonly stop: string | null;
}

export interface SettleInput extends StepInput {
  readonly end: EarlyEnd | null;
}

export interface ConfigurationInput {
  /** The subscription that it is meant for. */
  readonly id: string;
  readonly subscription: unknown;
}

/** The steps of a sync, as workflows call them (DESIGN: "One sync"). Their names are durable: running workflows know them. */
export interface Activities {
  /** What is wrong with a configuration that arrived by message, one sentence each. */
  validateSubscription(input: ConfigurationInput): Promise<readonly string[]>;
  resetState(input: ResetInput): Promise<void>;
  openSync(input: OpenSyncInput): Promise<OpenedSync>;
  diffModel(input: StepInput): Promise<DiffSummary>;
  /** Returns the numbers of the chunks to load. */
  stageRecords(input: StepInput): Promise<readonly number[]>;
  loadChunk(input: LoadInput): Promise<LoadSummary>;
  settleSync(input: SettleInput): Promise<SyncResult>;
}
