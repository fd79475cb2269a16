import type { Model, Operation } from '../../domain/subscription.js';
import type { ModelColumn } from '../warehouse.js';
import { checksumExpression, identifierOf, modelSource, timestampOf } from './columns.js';
import { literal, type TableNames } from './names.js';
import { carried, type Payload } from './payload.js';

/**
 * How the diff finds identifiers that occur more than once, beyond those that its own output shows.
 * `none`: nothing was acknowledged before, so every row is in the output.
 * `count`: unchanged rows are counted, and leave a hash of their identifier; a count that is too high betrays duplicates among them, and the hashes name them, at little cost.
 * `group`: rows are grouped by identifier. A part of the model can't be counted against all that is known; and hashes stay in the server's memory, which groups need not.
 */
export type DuplicateSearch = 'none' | 'count' | 'group';

/** A table of what changed, and how it carries the records. */
export interface Delta {
  readonly table: string;
  readonly columns: readonly ModelColumn[];
  readonly payload: Payload;
}

export interface DeltaPlan {
  readonly model: Model;
  readonly search: DuplicateSearch;
  /** Look only at rows from this time on, at those without a time, and at those that failed or were rejected before; null looks at all. */
  readonly since: string | null;
  /** SQL for the checksum under the columns that the last complete diff saw; null where they are the same, or not to be found any more. */
  readonly formerChecksum: string | null;
  /** Whether `failures_` has rows; without, a join is saved. */
  readonly failures: boolean;
}

/**
 * The statement that runs the model, once. Columns of the delta: `record_id`, `operation` (null for unchanged rows), `checksum`, the record (payload.ts), `failing`,
 * `ts` (the timestamp column), `reshaped` (only the columns changed, not the data), `copies` (rows of the model), `known` (rows whose id is known), and, of groups of
 * unchanged rows, `unchanged` (a hash of each identifier).
 * OFFSET bigint '0' keeps the planner from computing the checksum more than once a row, and the JSON for unchanged rows. It leaves the plan parallel, which a plain
 * OFFSET 0 does not: the planner takes that for a limit.
 */
export function createDelta(delta: Delta, tables: TableNames, plan: DeltaPlan): string {
  return `CREATE UNLOGGED TABLE ${delta.table} AS ${selections[plan.search](delta, tables, plan)}`;
}

const selections = {
  none: (delta, tables, plan) => `
    SELECT record_id, operation, checksum, ${carriedBy(delta).map(([name]) => name).join(', ')}, failing, ts, reshaped, (present IS NOT NULL)::int AS copies, 0 AS known
    ${changedRows(delta, tables, plan)} WHERE operation IS NOT NULL`,
  // `place` is one short key, a changed record's id or one of 64 groups: more keys, or longer ones, cost the planner's good will and a tenth of the diff.
  count: (delta, tables, plan) => `
    SELECT CASE WHEN max(operation) IS NOT NULL THEN substr(place, 2) END AS record_id, max(operation) AS operation, ${aggregatesOf(delta, plan)}, array_agg(hash) FILTER (WHERE hash IS NOT NULL) AS unchanged
    ${changedRows(delta, tables, plan)}
    GROUP BY place`,
  group: (delta, tables, plan) => `
    SELECT record_id, max(operation) AS operation, ${aggregatesOf(delta, plan)} ${changedRows(delta, tables, plan)}
    GROUP BY record_id HAVING max(operation) IS NOT NULL OR count(present) > 1`,
} as const satisfies Record<DuplicateSearch, (delta: Delta, tables: TableNames, plan: DeltaPlan) => string>;

const hashOf = (recordId: string): string => `hashtextextended(${recordId}, 0)`;

function carriedBy({ payload, columns }: Delta): readonly (readonly [name: string, sql: string])[] {
  return carried(payload, columns, 'model', `compared.operation IN ('new', 'updated')`);
}

/** Each aggregate is paid for every unchanged row, so there are no more than the plan has use for. */
function aggregatesOf(delta: Delta, { failures, model, formerChecksum }: DeltaPlan): string {
  const record = carriedBy(delta).map(([name]) => `max(${name} COLLATE "C") AS ${name}`).join(', ');
  const failing = failures ? 'bool_or(failing)' : 'false';
  const ts = model.timestamp === null ? 'NULL::timestamptz' : 'min(ts)';
  const reshaped = formerChecksum === null ? 'NULL::boolean' : 'bool_or(reshaped)';
  return `max(checksum) AS checksum, ${record}, ${failing} AS failing, ${ts} AS ts, ${reshaped} AS reshaped, count(present) AS copies, count(known_id) AS known`;
}

function changedRows(delta: Delta, tables: TableNames, plan: DeltaPlan): string {
  const { columns } = delta;
  const { model, failures, search, since, formerChecksum } = plan;
  const identifier = identifierOf(model, columns);
  const timestamp = timestampOf(model, columns);
  const recent = `WHERE ${timestamp} >= ${literal(since ?? '')} OR ${timestamp} IS NULL
          OR ${identifier} IN (SELECT record_id FROM ${tables.failures} UNION ALL SELECT record_id FROM ${tables.rejections} WHERE record_id IS NOT NULL)`;
  const failure = failures
    ? `LEFT JOIN ${tables.failures} AS failure ON failure.record_id = coalesce(model.record_id, known.record_id)`
    : `CROSS JOIN (SELECT NULL::text AS record_id, NULL::text AS operation, NULL::bigint AS checksum, false AS maybe_delivered, false AS expired) AS failure`;
  // A join with an empty table would take the JSON out of the parallel part of the plan.
  const known = search === 'none'
    ? 'CROSS JOIN (SELECT NULL::text AS record_id, NULL::bigint AS checksum) AS known'
    : `${since === null ? 'FULL' : 'LEFT'} JOIN ${tables.records} AS known ON known.record_id = model.record_id`;
  return `
    FROM (
      SELECT coalesce(model.record_id, known.record_id) AS record_id, compared.operation, model.checksum,
        ${carriedBy(delta).map(([name, sql]) => `${sql} AS ${name}`).join(', ')},
        failure.record_id IS NOT NULL AS failing, model.ts, known.checksum = model.former_checksum AS reshaped, model.present, known.record_id AS known_id,
        CASE WHEN compared.operation IS NOT NULL THEN '=' || coalesce(model.record_id, known.record_id) ELSE chr(64 + (model.checksum & 63)::int) END AS place,
        CASE WHEN compared.operation IS NULL AND model.present THEN ${hashOf('known.record_id')} END AS hash
      FROM (
        SELECT true AS present, ${identifier} AS record_id, ${checksumExpression(columns)} AS checksum, ${formerChecksum ?? 'NULL::bigint'} AS former_checksum, ${timestamp} AS ts, *
        FROM ${modelSource(model, columns)} ${since === null ? '' : recent} OFFSET bigint '0'
      ) AS model
      ${known}
      ${failure}
      CROSS JOIN LATERAL (SELECT ${operationExpression} AS operation) AS compared
      OFFSET bigint '0'
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

/** For failures of records that neither the model nor `records_` has: what may have been delivered is sent as deleted, the others are off the list. */
export function addVanishedFailures(delta: Delta, tables: TableNames): string {
  return `
    INSERT INTO ${delta.table} (record_id, operation, failing, copies, known)
    SELECT f.record_id, CASE WHEN f.maybe_delivered THEN 'deleted' ELSE 'cleared' END, true, 0, 0
    FROM ${tables.failures} AS f
    WHERE NOT EXISTS (SELECT FROM ${tables.records} AS r WHERE r.record_id = f.record_id)
      AND NOT EXISTS (SELECT FROM ${delta.table} AS d WHERE d.record_id = f.record_id)`;
}

/**
 * Takes the groups of unchanged rows out of a counted delta; with `duplicates`, in exchange for a row for each unchanged identifier that occurs more than once, in the delta or
 * among them. Two unchanged identifiers of one hash would be taken for such a one: odds of 2^-64 for a pair, and nothing is lost by it.
 */
export function resolveUnchanged(delta: Delta, tables: TableNames, duplicates: boolean): string {
  const names = `
    INSERT INTO ${delta.table} (record_id, copies, known)
    SELECT r.record_id, repeated.copies, repeated.copies
    FROM (
      SELECT hash, count(*) AS copies FROM ${delta.table}, unnest(unchanged) AS hash GROUP BY hash
      HAVING count(*) > 1 OR hash IN (SELECT ${hashOf('record_id')} FROM ${delta.table} WHERE copies > 0)
    ) AS repeated
    JOIN ${tables.records} AS r ON ${hashOf('r.record_id')} = repeated.hash;`;
  return `${duplicates ? names : ''} DELETE FROM ${delta.table} WHERE operation IS NULL AND record_id IS NULL`;
}

/** SQL for the chunk of a record: a hash of its id, so that every staging attempt cuts alike. */
export function chunkOf(recordId: string, chunkCount: number): string {
  return `mod(hashtextextended(${recordId}, 1) & 9223372036854775807, ${Math.max(chunkCount, 1)})::int`;
}

/** SQL that is true for these operations. */
export function isOneOf(operations: readonly Operation[]): string {
  return operations.length === 0 ? 'false' : `operation IN (${operations.map((operation) => literal(operation)).join(', ')})`;
}
