import type { Extracted } from '../domain/books.js';
import { syncIdOf } from '../domain/subscription.js';
import type { FinalSyncStatus, SyncResult, SyncTrigger } from '../domain/sync.js';
import type { DiffResult } from './warehouse.js';

type Count = string | number;

/** A row of `syncs_<subscription_id>`, as drivers give it: what may pass 2^53 comes as text from some. */
export interface SyncColumns {
  readonly number: Count;
  readonly epoch: Count;
  readonly attempt: number | null;
  readonly status: 'in_progress' | FinalSyncStatus;
  readonly trigger: SyncTrigger;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly to_send: Count;
  readonly added: Count;
  readonly updated: Count;
  readonly deleted: Count;
  readonly rejected: Count;
  readonly processed: Count;
  readonly succeeded: Count;
  readonly failed: Count;
  readonly not_sent: Count;
  readonly excluded: Count;
  readonly chunk_count: Count;
  readonly more_to_extract: boolean;
  readonly resent_for_columns: Count;
  readonly error: string | null;
  /** Absent from tables of an earlier version, as the next two. */
  readonly ambiguous?: Count;
  /** The number of the sync that this one replays. */
  readonly replayed?: Count | null;
  readonly superseded?: Count;
}

/** What the diff counted, from a row of `syncs_`. */
export function extractedOf(row: Pick<SyncColumns, 'added' | 'updated' | 'deleted' | 'rejected'>): Extracted {
  return { added: Number(row.added), updated: Number(row.updated), deleted: Number(row.deleted), rejected: Number(row.rejected) };
}

export type DiffColumns = Pick<SyncColumns, 'added' | 'updated' | 'deleted' | 'rejected' | 'to_send' | 'chunk_count' | 'more_to_extract'>;

/** Only for rows that a diff has registered. */
export function diffResultOf(row: DiffColumns): DiffResult {
  const extracted = extractedOf(row);
  const toSend = Number(row.to_send);
  const excluded = extracted.added + extracted.updated + extracted.deleted - toSend;
  return { extracted, toSend, chunkCount: toSend === 0 ? 0 : Number(row.chunk_count), excluded, moreToExtract: row.more_to_extract };
}

/** Only for settled rows. */
export function asSyncResult(subscriptionId: string, row: SyncColumns): SyncResult {
  return {
    syncId: syncIdOf(subscriptionId, Number(row.number)),
    subscriptionId,
    status: row.status === 'in_progress' ? 'failed' : row.status,
    trigger: row.trigger,
    startedAt: row.started_at.toISOString(),
    finishedAt: (row.finished_at ?? row.started_at).toISOString(),
    extracted: extractedOf(row),
    processed: Number(row.processed),
    succeeded: Number(row.succeeded),
    failed: Number(row.failed),
    ambiguous: Number(row.ambiguous ?? 0),
    notSent: Number(row.not_sent),
    excluded: Number(row.excluded),
    moreToExtract: row.more_to_extract,
    resentForColumns: Number(row.resent_for_columns),
    replayOf: row.replayed === undefined || row.replayed === null ? null : syncIdOf(subscriptionId, Number(row.replayed)),
    superseded: Number(row.superseded ?? 0),
    error: row.error,
  };
}
