import type { Tally } from '../tally.js';
import type { Past } from '../past.js';
import { suspicious } from './rejections.js';
import type { Session } from './session.js';

/** What one scan of a delta tells. */
export interface DeltaTally {
  readonly counts: Tally;
  /** Failures that have nothing left to send. */
  readonly cleared: number;
  /** Some row may have to be rejected. */
  readonly suspects: boolean;
  /** Updated records that only the model's changed columns brought about. */
  readonly resent: number;
  /** The latest time among what changed that isn't in the future, in UTC. */
  readonly latest: string | null;
}

export async function tallyDelta(session: Session, delta: string, past: Past): Promise<DeltaTally> {
  const resent = past.formerChecksum === null ? String(past.columnsChanged).toUpperCase() : '"reshaped"';
  const row = await session.first<Readonly<Record<'new' | 'updated' | 'deleted' | 'cleared' | 'resent' | 'repeated', number | null>> & { suspects: boolean | null; latest: string | null }>(
    `SELECT COUNT_IF("operation" = 'new') AS "new", COUNT_IF("operation" = 'updated') AS "updated", COUNT_IF("operation" = 'deleted') AS "deleted", COUNT_IF("operation" = 'cleared') AS "cleared",
       COUNT_IF("operation" = 'updated' AND ${resent}) AS "resent",
       COUNT("record_id") - COUNT(DISTINCT "record_id") AS "repeated", BOOLOR_AGG(${suspicious}) AS "suspects",
       TO_VARCHAR(MAX(IFF("ts" <= SYSDATE(), "ts", NULL)), 'YYYY-MM-DD HH24:MI:SS.FF9') AS "latest"
     FROM ${delta}`,
  );
  const count = (name: 'new' | 'updated' | 'deleted' | 'cleared' | 'resent' | 'repeated'): number => row?.[name] ?? 0;
  return {
    counts: { new: count('new'), updated: count('updated'), deleted: count('deleted') },
    cleared: count('cleared'),
    suspects: row?.suspects === true || count('repeated') > 0,
    resent: count('resent'),
    latest: row?.latest ?? null,
  };
}
