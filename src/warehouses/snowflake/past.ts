import type { Model } from '../../domain/subscription.js';
import { pastOf, type Past } from '../past.js';
import { diffResultOf, type DiffColumns } from '../sync-row.js';
import type { DiffResult, ModelColumn, SyncRef } from '../warehouse.js';
import { formerChecksumExpression } from './columns.js';
import type { TableNames } from './names.js';
import type { Session } from './session.js';

interface PastRow {
  readonly baseline_pending: boolean;
  readonly full_diff_at: Date | null;
  readonly model_digest: string | null;
  readonly columns: string | null;
  readonly since: string | null;
  readonly now: Date;
  readonly failures: boolean;
  readonly known: number;
  readonly rejections: boolean;
}

/** What the state tables say before a diff; `rejections` tells whether the last one rejected anything. */
export async function readPast(session: Session, tables: TableNames, model: Model, columns: readonly ModelColumn[], full: boolean): Promise<{ readonly past: Past; readonly rejections: boolean }> {
  const row = await session.first<PastRow>(
    `SELECT "baseline_pending", "full_diff_at", "model_digest", "columns", SYSDATE() AS "now",
       (SELECT TO_VARCHAR(DATEADD(MILLISECOND, -${model.timestamp?.lookbackMs ?? 0}, MAX("checkpoint")), 'YYYY-MM-DD HH24:MI:SS.FF9') FROM ${tables.checkpoints} WHERE "checkpoint" <= SYSDATE()) AS "since",
       (SELECT COUNT(*) > 0 FROM ${tables.failures}) AS "failures", (SELECT COUNT(*) FROM ${tables.records}) AS "known",
       (SELECT COUNT(*) > 0 FROM ${tables.rejections}) AS "rejections"
     FROM ${tables.state}`,
  );
  if (row === undefined) throw new Error('the state table has no row'); // it is made with one
  const read = {
    baselinePending: row.baseline_pending,
    fullDiffAtMs: row.full_diff_at?.getTime() ?? null,
    modelDigest: row.model_digest,
    columns: row.columns === null ? null : (JSON.parse(row.columns) as readonly ModelColumn[]),
    since: row.since,
    nowMs: row.now.getTime(),
    failures: row.failures,
    known: row.known,
  };
  return { past: pastOf(read, model, columns, full, formerChecksumExpression), rejections: row.rejections };
}

/** What a finished try at this sync's diff found; null while there is none. */
export async function readDiffResult(session: Session, tables: TableNames, sync: SyncRef): Promise<DiffResult | null> {
  const row = await session.first<DiffColumns>(
    `SELECT "added", "updated", "deleted", "rejected", "to_send", "chunk_count", "more_to_extract" FROM ${tables.syncs}
     WHERE "number" = ${sync.number} AND "epoch" = ${sync.epoch} AND "attempt" IS NOT NULL`,
  );
  return row === undefined ? null : diffResultOf(row);
}
