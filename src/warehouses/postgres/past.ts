import type pg from 'pg';
import type { Model } from '../../domain/subscription.js';
import { checkAlgorithm, pastOf, type Past } from '../past.js';
import type { ModelColumn } from '../warehouse.js';
import { checksumAlgorithm, formerChecksumExpression } from './columns.js';
import type { TableNames } from './names.js';

interface PastRow {
  readonly baseline_pending: boolean;
  readonly full_diff_at: Date | null;
  readonly model_digest: string | null;
  readonly columns: readonly ModelColumn[] | null;
  readonly since: string | null;
  readonly now: Date;
  readonly failures: boolean;
  readonly known: string;
  readonly algorithm: number;
}

export async function readPast(connection: pg.PoolClient, tables: TableNames, model: Model, columns: readonly ModelColumn[], full: boolean): Promise<Past> {
  const found = await connection.query<PastRow>(
    `SELECT baseline_pending, full_diff_at, model_digest, columns, algorithm, now(),
       (SELECT (max(checkpoint) - $1 * interval '1 millisecond')::text FROM ${tables.checkpoints} WHERE checkpoint <= now()) AS since,
       EXISTS (SELECT FROM ${tables.failures}) AS failures, (SELECT count(*) FROM ${tables.records}) AS known
     FROM ${tables.state}`,
    [model.timestamp?.lookbackMs ?? 0],
  );
  const row = found.rows[0];
  if (row === undefined) throw new Error('the state table has no row'); // openSync makes it, in the same tables
  checkAlgorithm(tables.records, row.algorithm, checksumAlgorithm);
  const read = {
    baselinePending: row.baseline_pending,
    fullDiffAtMs: row.full_diff_at?.getTime() ?? null,
    modelDigest: row.model_digest,
    columns: row.columns,
    since: row.since,
    nowMs: row.now.getTime(),
    failures: row.failures,
    known: Number(row.known),
  };
  return pastOf(read, model, columns, full, formerChecksumExpression);
}
