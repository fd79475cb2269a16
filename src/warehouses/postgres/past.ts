import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import { diffScope, type DiffScope } from '../../domain/diff-scope.js';
import type { Model } from '../../domain/subscription.js';
import type { ModelColumn } from '../warehouse.js';
import { formerChecksumExpression } from './columns.js';
import type { TableNames } from './names.js';

/** What the state tables say before a diff, and what follows for it. */
export interface Past {
  readonly baselinePending: boolean;
  readonly scope: DiffScope;
  /** The checkpoint less the lookback, as PostgreSQL writes it; null for a full diff. */
  readonly since: string | null;
  readonly columnsChanged: boolean;
  readonly formerChecksum: string | null;
  /** Whether `failures_` has rows. */
  readonly failures: boolean;
  /** Records in `records_`. */
  readonly known: number;
  /** Whether the last sync found an identifier more than once. */
  readonly duplicates: boolean;
}

interface PastRow {
  readonly baseline_pending: boolean;
  readonly full_diff_at: Date | null;
  readonly model_digest: string | null;
  readonly columns: readonly ModelColumn[] | null;
  readonly since: string | null;
  readonly now: Date;
  readonly failures: boolean;
  readonly known: string;
  readonly duplicates: boolean;
}

export async function readPast(connection: pg.PoolClient, tables: TableNames, model: Model, columns: readonly ModelColumn[], full: boolean): Promise<Past> {
  const found = await connection.query<PastRow>(
    `SELECT baseline_pending, full_diff_at, model_digest, columns, now(),
       (SELECT (max(checkpoint) - $1 * interval '1 millisecond')::text FROM ${tables.checkpoints}) AS since,
       EXISTS (SELECT FROM ${tables.failures}) AS failures, (SELECT count(*) FROM ${tables.records}) AS known,
       EXISTS (SELECT FROM ${tables.rejections} WHERE record_id IS NOT NULL AND records > 1) AS duplicates
     FROM ${tables.state}`,
    [model.timestamp?.lookbackMs ?? 0],
  );
  const row = found.rows[0];
  if (row === undefined) throw new Error('the state table has no row'); // openSync makes it, in the same tables
  const before = row.columns;
  const columnsChanged = before !== null && !isDeepStrictEqual(before, columns);
  const past = {
    hasCheckpoint: row.since !== null,
    fullDiffAtMs: row.full_diff_at?.getTime() ?? null,
    modelChanged: row.model_digest !== modelDigest(model) || columnsChanged,
    baselinePending: row.baseline_pending,
  };
  const scope = diffScope(model.timestamp, past, full, row.now.getTime());
  return {
    baselinePending: row.baseline_pending,
    scope,
    since: scope === 'full' ? null : row.since,
    columnsChanged,
    formerChecksum: before === null || !columnsChanged ? null : formerChecksumExpression(before, columns),
    failures: row.failures,
    known: Number(row.known),
    duplicates: row.duplicates,
  };
}

/** What makes the model this model: a change asks for a full diff. */
export function modelDigest(model: Model): string {
  return createHash('sha256').update(JSON.stringify([model.query, model.identifier, model.timestamp?.column ?? null])).digest('hex');
}
