import type { Model, Operation } from '../../domain/subscription.js';
import type { ModelColumn } from '../warehouse.js';
import { checksumExpression, identifierOf, jsonExpression, modelSource, referencesOf, timestampOf } from './columns.js';
import { literal, type TableNames } from './names.js';

export interface DeltaPlan {
  readonly model: Model;
  readonly columns: readonly ModelColumn[];
  /** Look only at rows from this time on, at those without a time, and at those that failed or were rejected before; null looks at all. */
  readonly since: string | null;
  readonly formerChecksum: string | null;
  /** Whether `failures_` has rows; without, a join is saved. */
  readonly failures: boolean;
  /** Whether `records_` has rows; without, and before the first sync, it isn't read. */
  readonly known: boolean;
}

/**
 * The query that runs the model, once. Its columns: `record_id`, `operation` (null for unchanged rows, which are there only where their identifier occurs more than once),
 * `checksum`, `body` (the record as JSON), `failing`, `ts` (the timestamp column), `reshaped` (only the columns changed, not the data), `copies` (rows of the model).
 */
export function deltaQuery(tables: TableNames, plan: DeltaPlan): string {
  const { stages, selection } = deltaParts(tables, plan);
  return `WITH ${stages} ${selection}`;
}

/** The same as common table expressions and a query over them. */
export function deltaParts(tables: TableNames, plan: DeltaPlan): { readonly stages: string; readonly selection: string } {
  return { stages: stagesOf(tables, plan), selection: plan.known ? groupedRows(plan) : everyRow };
}

/** Nothing was acknowledged before, so every row has changed. */
const everyRow = `SELECT "record_id", "operation", "checksum", "body", "failing", "ts", "reshaped", IFF("present", 1, 0) AS "copies" FROM "changed"`;

/** Grouping by the identifier names those that occur more than once, among unchanged rows too, in the one run of the model. */
function groupedRows(plan: DeltaPlan): string {
  return `SELECT "changed"."record_id" AS "record_id", MAX("changed"."operation") AS "operation", ${aggregatesOf(plan)} FROM "changed" GROUP BY 1 HAVING MAX("changed"."operation") IS NOT NULL OR COUNT_IF("changed"."present") > 1`;
}

/** Each aggregate is paid for every unchanged row, so there are no more than the plan has use for. */
function aggregatesOf({ failures, model, formerChecksum }: DeltaPlan): string {
  const failing = failures ? 'BOOLOR_AGG("changed"."failing")' : 'FALSE';
  const ts = model.timestamp === null ? 'CAST(NULL AS TIMESTAMP_NTZ)' : 'MIN("changed"."ts")';
  const reshaped = formerChecksum === null ? 'CAST(NULL AS BOOLEAN)' : 'BOOLOR_AGG("changed"."reshaped")';
  return `MAX("changed"."checksum") AS "checksum", MAX("changed"."body") AS "body", ${failing} AS "failing", ${ts} AS "ts", ${reshaped} AS "reshaped", COUNT_IF("changed"."present") AS "copies"`;
}

function stagesOf(tables: TableNames, plan: DeltaPlan): string {
  const { model, columns, failures, since, formerChecksum, known } = plan;
  const identifier = identifierOf(model, columns);
  const timestamp = timestampOf(model, columns);
  const values = referencesOf(columns).map((reference) => `"read".${reference}`).join(', ');
  const recent = since === null ? '' : `
    LEFT JOIN (SELECT "record_id" AS "again" FROM ${tables.failures} UNION SELECT "record_id" AS "again" FROM ${tables.rejections} WHERE "record_id" IS NOT NULL) AS "before"
      ON "before"."again" = ${identifier}
    WHERE ${timestamp} >= CAST(${literal(since)} AS TIMESTAMP_NTZ) OR ${timestamp} IS NULL OR "before"."again" IS NOT NULL`;
  const before = known
    ? `${since === null ? 'FULL OUTER' : 'LEFT'} JOIN ${tables.records} AS "known" ON "known"."record_id" = "read"."record_id"`
    : 'CROSS JOIN (SELECT CAST(NULL AS VARCHAR) AS "record_id", CAST(NULL AS VARCHAR) AS "checksum") AS "known"';
  const failed = failures
    ? `LEFT JOIN ${tables.failures} AS "failure" ON "failure"."record_id" = COALESCE("read"."record_id", "known"."record_id")`
    : 'CROSS JOIN (SELECT CAST(NULL AS VARCHAR) AS "record_id", CAST(NULL AS VARCHAR) AS "operation", CAST(NULL AS VARCHAR) AS "checksum", FALSE AS "maybe_delivered", FALSE AS "expired") AS "failure"';
  return `
  ${modelSource(model, columns)},
  "read" AS (
    SELECT TRUE AS "present", ${identifier} AS "record_id", ${checksumExpression(columns)} AS "checksum", ${formerChecksum ?? 'CAST(NULL AS VARCHAR)'} AS "former_checksum", ${timestamp} AS "ts", ${referencesOf(columns).join(', ')}
    FROM "model" ${recent}),
  "compared" AS (
    SELECT COALESCE("read"."record_id", "known"."record_id") AS "record_id", ${operationExpression} AS "operation", "read"."checksum" AS "checksum", "failure"."record_id" IS NOT NULL AS "failing",
      "read"."ts" AS "ts", "known"."checksum" = "read"."former_checksum" AS "reshaped", IFNULL("read"."present", FALSE) AS "present", ${values}
    FROM "read" ${before} ${failed}),
  "changed" AS (
    SELECT "record_id", "operation", "checksum", IFF("operation" IN ('new', 'updated', 'deleted'), ${jsonExpression(columns)}, NULL) AS "body", "failing", "ts", "reshaped", "present"
    FROM "compared")`;
}

/**
 * What became of a record since the destination last acknowledged it; null when nothing did. A failure that is `maybe_delivered` is sent again whatever
 * its checksum; an 'expired' one not until the model differs from the version that failed; one that has nothing left to send is 'cleared' from the list.
 */
const operationExpression = `
  CASE
    WHEN "read"."present" IS NULL THEN CASE WHEN "failure"."expired" AND "failure"."operation" = 'deleted' THEN NULL ELSE 'deleted' END
    WHEN "failure"."expired" AND "failure"."operation" <> 'deleted' AND "failure"."checksum" = "read"."checksum" THEN 'expired'
    WHEN "known"."record_id" IS NULL OR "known"."checksum" IS NULL THEN 'new'
    WHEN "known"."checksum" <> "read"."checksum" OR "failure"."maybe_delivered" THEN 'updated'
    WHEN "failure"."record_id" IS NOT NULL THEN 'cleared'
  END`;

/** Rows of the delta for failures of records that neither the model nor `records_` has: what may have been delivered is sent as deleted, until that expires too; the others are off the list. */
export function vanishedFailures(delta: string, tables: TableNames, columns: readonly ModelColumn[]): string {
  const nulls = literal(`{${columns.map((column) => `${JSON.stringify(column.name)}:null`).join(',')}}`);
  return `
    SELECT "f"."record_id" AS "record_id", IFF("f"."maybe_delivered", 'deleted', 'cleared') AS "operation", CAST(NULL AS VARCHAR) AS "checksum", IFF("f"."maybe_delivered", ${nulls}, NULL) AS "body",
      TRUE AS "failing", CAST(NULL AS TIMESTAMP_NTZ) AS "ts", CAST(NULL AS BOOLEAN) AS "reshaped", 0 AS "copies"
    FROM ${tables.failures} AS "f"
    LEFT JOIN ${tables.records} AS "r" ON "r"."record_id" = "f"."record_id"
    LEFT JOIN (SELECT DISTINCT "record_id" FROM ${delta}) AS "d" ON "d"."record_id" = "f"."record_id"
    WHERE "r"."record_id" IS NULL AND "d"."record_id" IS NULL AND NOT ("f"."maybe_delivered" AND "f"."expired" AND "f"."operation" = 'deleted')`;
}

/** SQL for the chunk of a record: a hash of its id that never changes, so that every staging attempt cuts alike. */
export function chunkOf(recordId: string, chunkCount: number): string {
  return `MOD(MD5_NUMBER_LOWER64(${recordId}), ${Math.max(chunkCount, 1)})`;
}

/** SQL to order records by, differently from sync to sync, so that no row starves where only some are taken. */
export function rotation(recordId: string, number: number): string {
  return `MD5_NUMBER_LOWER64('${number} ' || ${recordId})`;
}

/** SQL that is true for these operations. */
export function isOneOf(operations: readonly Operation[]): string {
  return operations.length === 0 ? 'FALSE' : `"operation" IN (${operations.map((operation) => literal(operation)).join(', ')})`;
}
