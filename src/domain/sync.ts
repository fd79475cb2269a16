import type { Books } from './books.js';

export type SyncStatus = 'in_progress' | 'succeeded' | 'partially_succeeded' | 'failed' | 'canceling' | 'canceled';
export type FinalSyncStatus = Exclude<SyncStatus, 'in_progress' | 'canceling'>;
export type SubscriptionState = 'idle' | 'syncing' | 'paused' | 'quota_paused' | 'disabled';
export type SyncTrigger = 'schedule' | 'manual' | 'continuation' | 'replay';

/** Why a sync stopped before it had sent everything. `message` never holds a record's values or a secret. */
export type EarlyEnd =
  | { readonly kind: 'canceled' }
  | { readonly kind: 'failed'; readonly message: string };

/** One finished sync, as `sluice sync --wait --json` prints it. Times are ISO 8601 in UTC. */
export interface SyncResult extends Books {
  /** Null when the sync failed before the warehouse could give it a number. */
  readonly syncId: string | null;
  readonly subscriptionId: string;
  readonly status: FinalSyncStatus;
  readonly trigger: SyncTrigger;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Of the failed: sent, and no answer came. */
  readonly ambiguous: number;
  readonly moreToExtract: boolean;
  /** Updated records that are sent again only because the model's columns changed; all of them where a dropped or retyped column leaves no way to tell. */
  readonly resentForColumns: number;
  /** The sync whose staged records this one sent again; null for any other. */
  readonly replayOf: string | null;
  /** Of the records that a replayed sync staged: no longer the acknowledged version, so not sent again. They stand outside the books. */
  readonly superseded: number;
  readonly error: string | null;
}

/** A sync that ended early keeps that as its status; one that ran to its end is judged by its books. */
export function finalStatus(books: Books, moreToExtract: boolean, end: EarlyEnd | null): FinalSyncStatus {
  if (end?.kind === 'canceled') return 'canceled';
  if (end?.kind === 'failed') return books.succeeded > 0 ? 'partially_succeeded' : 'failed';
  if (books.failed > 0 || books.notSent > 0) return books.succeeded > 0 ? 'partially_succeeded' : 'failed';
  return moreToExtract || books.extracted.rejected > 0 ? 'partially_succeeded' : 'succeeded';
}

/** Whether nothing that the sync looked for waits for another one; what failed or was rejected is on a list of its own. */
export function leftNothing({ trigger, status, error, notSent, moreToExtract }: SyncResult): boolean {
  return trigger !== 'replay' && status !== 'canceled' && error === null && notSent === 0 && !moreToExtract;
}
