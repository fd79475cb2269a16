import type { Model, Operation } from '../../domain/subscription.js';
import type { ModelColumn } from '../warehouse.js';
import { checksumExpression, identifierOf, modelSource, timestampOf } from './columns.js';
import { literal, type TableNames } from './names.js';
import { carried, type Payload } from './payload.js';

/**
 * How the diff finds identifiers that occur more than once, beyond those that its own output shows.
 * `none`: nothing was acknowledged before, so every row is in the output.
 * `count`: unchanged rows are counted, and their checksums gathered; a count that is too high betrays duplicates among them, and the checksums name them, at little cost.
 * `group`: rows are grouped by identifier. A part of the model can't be counted against all that is known; and gathered checksums stay in the server's memory, which groups need not.
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
  /** Records in `records_`. */
  readonly known: number;
}

/**
 * The statement that runs the model, once. Columns of the delta: `record_id`, `operation` (null for unchanged rows), `checksum`, the record (payload.ts), `failing`,
 * `ts` (the timestamp column), `reshaped` (only the columns changed, not the data), `copies` (rows of the model), and, only where a count betrays that some identifier occurs
 * more than once, groups of unchanged rows with `unchanged` (the checksum of each).
 * OFFSET bigint '0' keeps the planner from computing the checksum more than once a row, and the JSON for unchanged rows. It leaves the plan parallel, which a plain
 * OFFSET 0 does not: the planner takes that for a limit.
 */
export function createDelta(delta: Delta, tables: TableNames, plan: DeltaPlan): string {
  return `CREATE UNLOGGED TABLE ${delta.table} AS ${selections[plan.search](delta, tables, plan)}`;
}

const selections = {
  none: (delta, tables, plan) => `
    SELECT record_id, operation, checksum, ${carriedBy(delta).map(([name]) => name).join(', ')}, failing, ts, reshaped, (present IS NOT NULL)::int AS copies
    ${changedRows(delta, tables, plan)} WHERE operation IS NOT NULL`,
  // `place` is one short key, a changed record's id or one of 16 groups: more keys, or longer ones, cost the planner's good will and a tenth of the diff. More rows with a known id
  // than there are such ids: some id occurs more than once. Only then are the checksums written down, which costs more than to gather them. A deletion that expired counts as
  // unchanged, without a checksum; only rows without an identifier have no place.
  count: (delta, tables, plan) => `
    SELECT * FROM (
      SELECT CASE WHEN max(operation) IS NOT NULL THEN substr(place, 2) END AS record_id, max(operation) AS operation, ${aggregatesOf(delta, plan)},
        CASE WHEN sum(count(known_id)) OVER () > ${plan.known} THEN array_agg(checksum) FILTER (WHERE operation IS NULL) END AS unchanged
      ${changedRows(delta, tables, plan)}
      GROUP BY place
    ) AS grouped WHERE operation IS NOT NULL OR unchanged IS NOT NULL`,
  group: (delta, tables, plan) => `
    SELECT record_id, max(operation) AS operation, ${aggregatesOf(delta, plan)} ${changedRows(delta, tables, plan)}
    GROUP BY record_id HAVING max(operation) IS NOT NULL OR count(present) > 1`,
} as const satisfies Record<DuplicateSearch, (delta: Delta, tables: TableNames, plan: DeltaPlan) => string>;

function carriedBy({ payload, columns }: Delta): readonly (readonly [name: string, sql: string])[] {
  return carried(payload, columns, 'model', `compared.operation IN ('new', 'updated')`);
}

/** Each aggregate is paid for every unchanged row, so there are no more than the plan has use for. */
function aggregatesOf(delta: Delta, { failures, model, formerChecksum }: DeltaPlan): string {
  const record = carriedBy(delta).map(([name]) => `max(${name} COLLATE "C") AS ${name}`).join(', ');
  const failing = failures ? 'bool_or(failing)' : 'false';
  const ts = model.timestamp === null ? 'NULL::timestamptz' : 'min(ts)';
  const reshaped = formerChecksum === null ? 'NULL::boolean' : 'bool_or(reshaped)';
  return `max(checksum) AS checksum, ${record}, ${failing} AS failing, ${ts} AS ts, ${reshaped} AS reshaped, count(present) AS copies`;
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
        CASE WHEN compared.operation IS NULL THEN chr(64 + (coalesce(model.checksum, 0) & 15)::int) ELSE '=' || coalesce(model.record_id, known.record_id) END AS place
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
 * What is unchanged is told first: most rows are, and the expression stands in several columns.
 */
const operationExpression = `
  CASE
    WHEN known.checksum = model.checksum AND failure.record_id IS NULL THEN NULL
    WHEN model.present IS NULL THEN CASE WHEN failure.expired AND failure.operation = 'deleted' THEN NULL ELSE 'deleted' END
    WHEN failure.expired AND failure.operation <> 'deleted' AND failure.checksum = model.checksum THEN 'expired'
    WHEN known.record_id IS NULL OR known.checksum IS NULL THEN 'new'
    WHEN known.checksum <> model.checksum OR failure.maybe_delivered THEN 'updated'
    WHEN failure.record_id IS NOT NULL THEN 'cleared'
  END`;

/** For failures of records that neither the model nor `records_` has: what may have been delivered is sent as deleted, until that expires too; the others are off the list. */
export function addVanishedFailures(delta: Delta, tables: TableNames): string {
  return `
    INSERT INTO ${delta.table} (record_id, operation, failing, copies)
    SELECT f.record_id, CASE WHEN f.maybe_delivered THEN 'deleted' ELSE 'cleared' END, true, 0
    FROM ${tables.failures} AS f
    WHERE NOT (f.maybe_delivered AND f.expired AND f.operation = 'deleted')
      AND NOT EXISTS (SELECT FROM ${tables.records} AS r WHERE r.record_id = f.record_id)
      AND NOT EXISTS (SELECT FROM ${delta.table} AS d WHERE d.record_id = f.record_id)`;
}

/**
 * Exchanges the groups of unchanged rows for a row for each identifier that occurs more than once, among them or in the delta too. Two unchanged rows with one checksum and two
 * identifiers would be taken for such: odds of 2^-64 for a pair, and nothing is lost by it.
 */
export function nameUnchangedDuplicates(delta: Delta, tables: TableNames): string {
  return `
    INSERT INTO ${delta.table} (record_id, copies)
    SELECT r.record_id, repeated.copies
    FROM (
      SELECT gathered.checksum, count(*) AS copies FROM ${delta.table} AS d, unnest(d.unchanged) AS gathered(checksum) GROUP BY gathered.checksum
      HAVING count(*) > 1 OR gathered.checksum IN (SELECT r.checksum FROM ${tables.records} AS r JOIN ${delta.table} AS d ON d.record_id = r.record_id WHERE d.copies > 0)
    ) AS repeated
    JOIN ${tables.records} AS r ON r.checksum = repeated.checksum;
    DELETE FROM ${delta.table} WHERE unchanged IS NOT NULL`;
}

/** SQL for the chunk of a record: a hash of its id, so that every staging attempt cuts alike. */
export function chunkOf(recordId: string, chunkCount: number): string {
  return `mod(hashtextextended(${recordId}, 1) & 9223372036854775807, ${Math.max(chunkCount, 1)})::int`;
}

/** SQL that is true for these operations. */
export function isOneOf(operations: readonly Operation[]): string {
  return operations.length === 0 ? 'false' : `operation IN (${operations.map((operation) => literal(operation)).join(', ')})`;
}
