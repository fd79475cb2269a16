import type { SyncUsage } from '../contract/quota.js';
import type { CheckItem, DryRun, FailureReport } from '../contract/reports.js';
import type { SyncLookup } from '../domain/quota-ledger.js';
import type { AccountReading, Sent } from '../domain/quota-state.js';
import type { StagedBlock, StagedRecord } from '../domain/staged-record.js';
import type { Model, Subscription } from '../domain/subscription.js';
import type { Extracted } from '../domain/books.js';
import type { EarlyEnd, SyncResult, SyncTrigger } from '../domain/sync.js';

/** One column of a model, as the warehouse describes it. `type` is the warehouse's own full name for it. */
export interface ModelColumn {
  readonly name: string;
  readonly type: string;
}

/** Some records of a model, as they are now. */
export interface Sample {
  readonly columns: readonly ModelColumn[];
  readonly records: readonly SampledRecord[];
}

export interface SampledRecord {
  /** The identifier as the diff knows it; null where the column is null. */
  readonly recordId: string | null;
  /** The properties that a destination would get, as JSON. */
  readonly properties: string;
}

/** One sync, as its row in `syncs_<subscription_id>` identifies it. The epoch rises when someone else takes the sync over. */
export interface SyncRef {
  readonly subscriptionId: string;
  readonly number: number;
  readonly epoch: number;
}

export interface OpenRequest {
  readonly subscription: Subscription;
  readonly owner: string;
  /** What makes the destination this destination (name, type, target), as a digest. */
  readonly destinationIdentity: string;
  readonly trigger: SyncTrigger;
  /** Identifies the request, so that a retried one finds the row that the first made. */
  readonly requestKey: string;
}

export type OpenAnswer =
  | { readonly kind: 'opened'; readonly sync: SyncRef; readonly startedAt: string }
  /** An earlier sync died before it settled; it has to be settled first. */
  | { readonly kind: 'unsettled'; readonly sync: SyncRef };

export type ResetAnswer =
  | { readonly kind: 'reset' }
  | { readonly kind: 'unsettled'; readonly sync: SyncRef };

export interface ExtractRequest {
  readonly sync: SyncRef;
  readonly subscription: Subscription;
  /** Tells this try from others of the same sync, in the names of the tables it makes. */
  readonly attempt: number;
  readonly chunking: { readonly batchSize: number; readonly concurrency: number };
}

export interface DiffRequest extends ExtractRequest {
  /** Look at the whole model even where a timestamp column would allow less. */
  readonly full: boolean;
}

export interface ReplayRequest extends ExtractRequest {
  /** The number of the past sync. */
  readonly replayed: number;
}

export interface DiffResult {
  readonly extracted: Extracted;
  /** Records that the sync mode will send, cut into this many chunks. */
  readonly toSend: number;
  readonly chunkCount: number;
  readonly excluded: number;
  readonly moreToExtract: boolean;
}

/** Part of the records to stage. */
export interface DeltaBlock extends StagedBlock {
  readonly chunk: number;
}

export interface DeltaRequest {
  readonly sync: SyncRef;
  readonly subscription: Subscription;
  /** Records that will leave together, so that they can lie side by side. */
  readonly batchSize: number;
}

/** A staged chunk, as the warehouse remembers it: `file` is the staging store's name for it. */
export interface StagedChunk {
  readonly chunk: number;
  readonly records: number;
  readonly file: string;
  readonly sha256: string;
}

export type AcquireAnswer =
  | { readonly kind: 'acquired'; readonly chunk: StagedChunk }
  | { readonly kind: 'held'; readonly remainingMs: number }
  | { readonly kind: 'finished'; readonly counts: ChunkCounts };

export interface ChunkCounts {
  readonly succeeded: number;
  readonly failed: number;
  readonly notSent: number;
}

/** The end of one record that did not succeed. `ambiguous`: sent, and no answer came. */
export interface RecordOutcome {
  readonly recordId: string;
  readonly outcome: 'failed' | 'ambiguous' | 'not_sent';
  readonly reason: string;
  /** The status code that the destination gave, where it gave one. */
  readonly code?: string;
}

/** A chunk that was started and never finished, found when its sync is settled. */
export interface UnfinishedChunk extends StagedChunk {
  readonly started: boolean;
}

export interface UsageQuestion {
  readonly owner: string;
  /** Earlier days are left out. */
  readonly sinceDay: string;
  /** The ledger that asks: ms since the epoch of its foundation; 0 for someone who only looks. */
  readonly ledger: number;
}

export interface UsageReading {
  readonly subscriptionId: string;
  readonly settledThrough: number;
  /** Of settled syncs; days in UTC. */
  readonly settled: readonly (Sent & { readonly destination: string; readonly day: string })[];
  readonly open: AccountReading['open'];
  /** Records that the quota cut off from the last sync. */
  readonly wanted: number;
}

/**
 * What a sync needs of a warehouse. Every method may be called again after it failed or its answer was lost; how each stays idempotent is said there.
 * All throw WarehouseUnavailableError when a retry can help and WarehouseRefusedError when it cannot; their messages hold no values.
 */
export interface Warehouse {
  /** The columns of a query, without running it. */
  describeModel(query: string): Promise<readonly ModelColumn[]>;

  /** Makes the state tables if need be and allocates the next sync number; idempotent by `requestKey`. */
  openSync(request: OpenRequest): Promise<OpenAnswer>;

  /** Blanks every checksum and keeps ids and failures: the next sync sends what is there as new and what has gone as deleted, to this destination. Idempotent. */
  resetState(subscription: Subscription, destinationIdentity: string): Promise<ResetAnswer>;

  /** Runs the model once and keeps what changed as delta and intent; idempotent: the first finished attempt of a sync wins, later calls return its counts. */
  diffModel(request: DiffRequest, signal: AbortSignal): Promise<DiffResult>;

  /**
   * Takes what a past sync staged for this sync's delta and intent, in the place of a diff: those records whose version is still the acknowledged one and that have no row among
   * the failures; a deletion, where the record is still unknown. The others are counted as superseded. Checkpoint and rejections stay as they are, also when the sync settles.
   * `read` streams the records of the past sync's chunks; what it throws ends the attempt without a trace. Idempotent as diffModel is.
   * Throws RefusedError when there is no such settled sync, or it staged nothing.
   */
  replaySync(request: ReplayRequest, read: (chunks: readonly StagedChunk[]) => AsyncIterable<readonly StagedRecord[]>, signal: AbortSignal): Promise<DiffResult>;

  /** Runs the diff and undoes everything: changes nothing. */
  dryRun(subscription: Subscription, full: boolean, signal: AbortSignal): Promise<DryRun>;

  /**
   * Leaves this many of the records to send in the intent, failures first; the rest counts as not extracted. Only the first grant of a sync takes effect.
   * 'void' when a newer ledger has counted meanwhile and doesn't know of it.
   */
  takeGrant(sync: SyncRef, records: number, ledger: number): Promise<'taken' | 'void'>;

  /** Streams the records to send as events, in no particular order of chunks. A block is good until the next one is asked for. Read-only. */
  readDelta(request: DeltaRequest, signal: AbortSignal): AsyncIterable<DeltaBlock>;

  /** Registers the staged chunks, all at once; the first call wins and later ones return what it registered. They are remembered for a replay when the sync has settled. */
  registerChunks(sync: SyncRef, chunks: readonly StagedChunk[]): Promise<readonly StagedChunk[]>;

  /** Takes a chunk's lease and marks it as started; a holder that already has it renews it. Throws FencedError when the sync is no longer open under this epoch. */
  acquireChunk(sync: SyncRef, chunk: number, holder: string, leaseMs: number): Promise<AcquireAnswer>;

  /** Gives the lease back before its time, so that the next attempt need not wait. */
  releaseChunk(sync: SyncRef, chunk: number, holder: string): Promise<void>;

  /**
   * Writes a chunk's outcomes and counts in one transaction; idempotent: a finished chunk stays as it is. Its records count as sent at `atMs`
   * (ms since the epoch, by the clock that billing cycles go by); left out, now.
   */
  finishChunk(sync: SyncRef, chunk: number, holder: string, counts: ChunkCounts, outcomes: AsyncIterable<RecordOutcome>, atMs?: number): Promise<void>;

  /** Finishes a started chunk whose staged records are lost: all of it may have been delivered. */
  abandonChunk(sync: SyncRef, chunk: number, holder: string, reason: string, atMs?: number): Promise<void>;

  /** Fences a sync off: raises its epoch, so that no chunk lease can be taken or renewed, and tells how long old leases still run. Idempotent per taker. */
  fenceSync(sync: SyncRef): Promise<{ readonly sync: SyncRef; readonly leaseRemainingMs: number; readonly unfinished: readonly UnfinishedChunk[] }>;

  /**
   * Moves the state tables forward in one transaction and closes the sync's row: acknowledged records into `records_`, failed and ambiguous ones into `failures_`,
   * then drops delta and intent. Refuses with OpenBooksError when the books don't close. Idempotent: a settled sync returns its row.
   */
  settleSync(sync: SyncRef, end: EarlyEnd | null): Promise<SyncResult>;

  /** Whether a sync was opened here and has not settled. False where nothing is known of it. */
  isOpen(subscriptionId: string, number: number): Promise<boolean>;

  /** What a sync counts as usage, once it is settled. */
  syncUsage(subscriptionId: string, number: number): Promise<SyncUsage & SyncLookup>;

  /** The usage of a workspace's subscriptions, settled and open, also of those that nobody has configured any more. Makes grants of older ledgers void that it doesn't show. */
  readUsage(question: UsageQuestion): Promise<readonly UsageReading[]>;

  /** What was not delivered, the latest failure first, and samples of what the latest sync rejected. */
  failures(subscriptionId: string, limit: number): Promise<FailureReport>;

  /** Forgets that failures expired, and their attempts, so that the next sync sends them again; returns how many. Safe while a sync runs. */
  retryFailures(subscriptionId: string): Promise<number>;

  /** The first records of a model, or those of one id. Changes nothing. */
  sampleModel(model: Model, which: { readonly limit: number; readonly recordId?: string }, signal: AbortSignal): Promise<Sample>;

  /** Tries everything that a sync of these models needs, and undoes it: an item for each permission. Throws WarehouseUnavailableError where the source can't be reached. */
  checkAccess(models: readonly Model[], signal: AbortSignal): Promise<readonly CheckItem[]>;

  /** The statements that give this source's role the least it needs for these models; comments where something has to be filled in. Changes nothing. */
  grants(models: readonly Model[], signal: AbortSignal): Promise<readonly string[]>;

  /** The settled syncs, newest first. */
  history(subscriptionId: string, limit: number): Promise<readonly SyncResult[]>;

  close(): Promise<void>;
}
