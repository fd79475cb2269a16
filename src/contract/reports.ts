import type { Extracted } from '../domain/books.js';
import type { DiffScope } from '../domain/diff-scope.js';
import type { Operation } from '../domain/subscription.js';

/** What a sync would find now. */
export interface DryRun {
  readonly extracted: Extracted;
  /** What the sync mode would send, before the limit and the quota. */
  readonly toSend: number;
  readonly scope: DiffScope;
  readonly resentForColumns: number;
  readonly moreToExtract: boolean;
}

/** A record that was rejected by the latest sync. */
export interface RejectionRow {
  /** Null where the identifier is. */
  readonly recordId: string | null;
  /** Rows of the model that it stands for. */
  readonly records: number;
  readonly reason: string;
}

/** A record that was not delivered. */
export interface FailureRow {
  readonly recordId: string;
  readonly operation: Operation;
  readonly maybeDelivered: boolean;
  readonly attempts: number;
  readonly firstFailedAt: string;
  readonly lastFailedAt: string;
  readonly reason: string;
  readonly expired: boolean;
}

export interface FailureReport {
  readonly failures: readonly FailureRow[];
  /** How many there are in all. */
  readonly total: number;
  readonly rejections: readonly RejectionRow[];
}

/** One thing that a source or a destination needs, and whether it is there. `problem` says what is missing and who can give it; null when all is well. */
export interface CheckItem {
  readonly what: string;
  readonly problem: string | null;
}
