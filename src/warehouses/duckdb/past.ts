import type { Model } from '../../domain/subscription.js';
import { checkAlgorithm, pastOf, type Past } from '../past.js';
import type { ModelColumn } from '../warehouse.js';
import type { Session } from './client.js';
import { checksumAlgorithm, formerChecksumExpression, type DescribedModel } from './columns.js';
import type { TableNames } from './names.js';

interface PastRow {
  readonly baseline_pending: boolean;
  readonly full_diff_at: number | null;
  readonly model_digest: string | null;
  readonly columns: string | null;
  readonly since: string | null;
  readonly now: number;
  readonly failures: boolean;
  readonly known: number;
  readonly algorithm: number;
}

/** What the state tables say before a diff, and what follows for it. */
export async function readPast(session: Session, tables: TableNames, model: Model, described: DescribedModel, full: boolean): Promise<Past> {
  const [row] = await session.rows<PastRow>(
    `SELECT baseline_pending, algorithm, epoch_ms(full_diff_at) AS full_diff_at, model_digest, CAST(columns AS VARCHAR) AS columns, epoch_ms(now()) AS now,
       (SELECT CAST(max(checkpoint) - to_milliseconds(${model.timestamp?.lookbackMs ?? 0}) AS VARCHAR) FROM ${tables.checkpoints} WHERE checkpoint <= now()) AS since,
       EXISTS (SELECT 1 FROM ${tables.failures}) AS failures, (SELECT count(*) FROM ${tables.records}) AS known
     FROM ${tables.state}`,
  );
  if (row === undefined) throw new Error('the state table has no row'); // openSync makes it, in the same tables
  checkAlgorithm(tables.records, row.algorithm, checksumAlgorithm);
  const reading = {
    baselinePending: row.baseline_pending,
    fullDiffAtMs: row.full_diff_at,
    modelDigest: row.model_digest,
    columns: row.columns === null ? null : (JSON.parse(row.columns) as readonly ModelColumn[]),
    since: row.since,
    nowMs: row.now,
    failures: row.failures,
    known: row.known,
  };
  return pastOf(reading, model, described.columns, full, (before) => formerChecksumExpression(before, described));
}
