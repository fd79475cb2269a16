import type { CheckItem } from '../contract/reports.js';
import type { StagedEvent } from '../domain/events.js';
import type { Json } from '../domain/subscription.js';

/**
 * What one attempt at delivering a batch came to. `reason` is the destination's own words, shortened and free of secrets; it stays in the warehouse, never in Temporal.
 * `code` is the status that they came with: an HTTP status or a SQLSTATE.
 */
export type DeliveryAnswer =
  /** The destination took every record. */
  | { readonly kind: 'delivered' }
  /** It answered for each record, in the order of the batch. */
  | { readonly kind: 'answered'; readonly records: readonly RecordAnswer[] }
  /** It refused the batch as a whole because of what is in it: splitting finds the bad records. */
  | { readonly kind: 'refused'; readonly reason: string; readonly code?: string }
  /**
   * A retry can help. `sent`: the request may have reached it, so the records' fate is unknown until a later answer. `throttled`: it gets too much, from whoever sends to it.
   * Where nothing was heard of what was sent, or `code` is 500, a record may be the cause: if that happens again, splitting finds it.
   */
  | { readonly kind: 'unavailable'; readonly sent: boolean; readonly retryAfterMs: number | null; readonly throttled?: boolean; readonly reason: string; readonly code?: string }
  /** It refuses the credentials: nothing will get through until someone changes them. */
  | { readonly kind: 'unauthorized'; readonly reason: string };

export type RecordAnswer =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'failed'; readonly reason: string; readonly code?: string }
  /** This record alone should be tried again. */
  | { readonly kind: 'retry'; readonly reason: string; readonly code?: string };

/** Records that leave together, in several forms; what nobody asks for is never made. */
export interface Batch {
  /** Names the sync inside the destination; destinations with a memory fence on it. */
  readonly subscriptionId: string;
  readonly syncNumber: number;
  /** Null for records that are sent outside a sync, which nothing is remembered about. */
  readonly place: BatchPlace | null;
  /** How many records. */
  readonly size: number;
  /** The bodies as one JSON array. Where there is no mapping, these are the bytes as staged, and nothing needs to be parsed or written for them. */
  readonly json: Buffer;
  /** One JSON document for each record: what the mapping made of it; the event itself where there is no mapping. */
  readonly bodies: readonly Buffer[];
  readonly records: readonly MappedRecord[];
}

/** A record, parsed. */
export interface MappedRecord {
  /** As staged, but for columns that `nullValues` leaves out. */
  readonly event: StagedEvent;
  /** What the mapping made of it; `event` itself where there is no mapping. */
  readonly body: Json;
}

/** Where the records of a batch stand within their sync: the same for every attempt, so that a destination with a memory knows a record when it comes again. */
export interface BatchPlace {
  readonly chunk: number;
  /** The 0-based line of each record in its chunk, ascending. */
  readonly lines: readonly number[];
}

/** A batch in memory that is used again once an attempt at it has settled: whoever reads `json`, `bodies` or, for the first time, `records` after that reads something else. */
export interface LentBatch extends Batch {
  /** The same in memory of its own. */
  copy(): Batch;
}

export interface DestinationLimits {
  readonly batchSize: number;
  /** Bytes of all bodies of a batch. */
  readonly batchBytes: number;
  readonly concurrency: number;
  /** After this long without an answer a request counts as unanswered. */
  readonly timeoutMs: number;
  /** When no batch got through for this long, the sync ends. */
  readonly giveUpAfterMs: number;
  readonly rateLimit: { readonly records: number; readonly perMs: number } | null;
}

export interface Destination {
  /** A digest of what makes it this destination: type and target, no credentials. Another identity is another destination. */
  readonly identity: string;
  readonly limits: DestinationLimits;
  /** One attempt at one batch; never throws for what the destination did, only when `signal` aborts or for a defect. Safe to repeat: events keep their messageId. Reads nothing of the batch any more once it has settled. */
  deliver(batch: LentBatch, signal: AbortSignal): Promise<DeliveryAnswer>;
  /**
   * For destinations whose records are seen only once a sync is complete: shows what was taken of one. Called before a sync settles, however it ended,
   * until it succeeds; so it is safe to repeat. Throws a SluiceError when it can't; the sync then waits to settle.
   */
  publish?(sync: { readonly subscriptionId: string; readonly syncNumber: number }): Promise<void>;
  /** Tries whether it can be reached and lets Sluice in, and changes nothing there. Never throws for what the destination did. */
  check?(signal: AbortSignal): Promise<readonly CheckItem[]>;
  close(): Promise<void>;
}
