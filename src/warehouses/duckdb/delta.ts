import type { Model, Operation } from '../../domain/subscription.js';
import { checksumExpression, identifierOf, jsonExpression, modelSource, timestampOf, type DescribedModel } from './columns.js';
import { literal, type TableNames } from './names.js';

export interface DeltaPlan {
  readonly model: Model;
  readonly described: DescribedModel;
  /** Look only at rows from this time on, at those without a time, and at those that failed or were rejected before; null looks at all. */
  readonly since: string | null;
  /** SQL for the checksum under the columns that the last complete diff saw; null where they are the same, or not to be found any more. */
  readonly formerChecksum: string | null;
}

/**
 * The statement that runs the model, once. Columns of the delta: `record_id`, `operation` (null where nothing changed), `checksum`, `body` (the record as JSON),
 * `failing`, `ts` (the timestamp column), `reshaped` (only the columns changed, not the data), `present` (a row of the model), `known` (its id is in `records_`).
 * Rows that didn't change are there with their id alone, which costs little in columns, and names an identifier that occurs more than once.
 */
export function createDelta(delta: string, tables: TableNames, plan: DeltaPlan): string {
  const { model, described, since, formerChecksum } = plan;
  const identifier = identifierOf(model, described);
  const timestamp = timestampOf(model, described);
  const recent = `WHERE ${timestamp} >= CAST(${literal(since ?? '')} AS TIMESTAMPTZ) OR ${timestamp} IS NULL
          OR ${identifier} IN (SELECT record_id FROM ${tables.failures} UNION ALL SELECT record_id FROM ${tables.rejections} WHERE record_id IS NOT NULL)`;
  const columns = described.columns.map((_, index) => `model.c${index + 1}`).join(', ');
  return `
    CREATE TABLE ${delta} AS
    SELECT record_id, operation, CASE WHEN operation IS NOT NULL THEN checksum END AS checksum,
      CASE WHEN operation IN ('new', 'updated') THEN ${jsonExpression(described)} WHEN operation = 'deleted' THEN ${literal(nullBody(described))} END AS body,
      failing, ts, reshaped, present, known
    FROM (
      SELECT coalesce(model.record_id, known.record_id) AS record_id, ${operationExpression} AS operation, model.checksum, failure.record_id IS NOT NULL AS failing, model.ts,
        known.checksum = model.former_checksum AS reshaped, model.present IS NOT NULL AS present, known.record_id IS NOT NULL AS known, ${columns}
      FROM (
        SELECT true AS present, ${identifier} AS record_id, ${checksumExpression(described)} AS checksum, ${formerChecksum ?? 'CAST(NULL AS HUGEINT)'} AS former_checksum, ${timestamp} AS ts, *
        FROM ${modelSource(model, described)} ${since === null ? '' : recent}
      ) AS model
      ${since === null ? 'FULL' : 'LEFT'} JOIN ${tables.records} AS known ON known.record_id = model.record_id
      LEFT JOIN ${tables.failures} AS failure ON failure.record_id = coalesce(model.record_id, known.record_id)
    ) AS changed`;
}

/**
 * What became of a record since the destination last acknowledged it; null when nothing did. A failure that is `maybe_delivered` is sent again whatever
 * its checksum; an 'expired' one not until the model differs from the version that failed; one that has nothing left to send is 'cleared' from the list.
 */
const operationExpression = `
  CASE
    WHEN model.present IS NULL THEN CASE WHEN failure.expired AND failure.operation = 'deleted' THEN NULL ELSE 'deleted' END
    WHEN failure.expired AND failure.operation <> 'deleted' AND failure.checksum = model.checksum THEN 'expired'
    WHEN known.record_id IS NULL OR known.checksum IS NULL THEN 'new'
    WHEN known.checksum <> model.checksum OR failure.maybe_delivered THEN 'updated'
    WHEN failure.record_id IS NOT NULL THEN 'cleared'
  END`;

/** A deleted record has every column, and null in each. */
function nullBody({ columns }: DescribedModel): string {
  return `{${columns.map((column) => `${JSON.stringify(column.name)}:null`).join(',')}}`;
}

/** For failures of records that neither the model nor `records_` has: what may have been delivered is sent as deleted, until that expires too; the others are off the list. */
export function addVanishedFailures(delta: string, tables: TableNames, described: DescribedModel): string {
  return `
    INSERT INTO ${delta} (record_id, operation, body, failing, present, known)
    SELECT record_id, CASE WHEN maybe_delivered THEN 'deleted' ELSE 'cleared' END, CASE WHEN maybe_delivered THEN ${literal(nullBody(described))} END, true, false, false
    FROM ${tables.failures}
    WHERE NOT (maybe_delivered AND expired AND operation = 'deleted')
      AND record_id NOT IN (SELECT record_id FROM ${tables.records}) AND record_id NOT IN (SELECT record_id FROM ${delta} WHERE record_id IS NOT NULL)`;
}

/** SQL for the chunk of a record: a hash of its id, so that every staging attempt cuts alike. */
export function chunkOf(recordId: string, chunkCount: number): string {
  return `CAST(md5_number_lower(${recordId}) % ${Math.max(chunkCount, 1)} AS INTEGER)`;
}

/** SQL that orders records in another way in each sync, so that none starves. */
export function drawOf(recordId: string, number: number): string {
  return `md5_number_lower(concat(${recordId}, '/${number}'))`;
}

/** SQL that is true for these operations. */
export function isOneOf(operations: readonly Operation[]): string {
  return operations.length === 0 ? 'false' : `operation IN (${operations.map((operation) => literal(operation)).join(', ')})`;
}
