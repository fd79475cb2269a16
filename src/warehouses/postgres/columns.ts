import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Model } from '../../domain/subscription.js';
import { checkColumns } from '../model-checks.js';
import type { ModelColumn } from '../warehouse.js';
import type { PostgresClient } from './client.js';
import { asWarehouseError } from './errors.js';
import { literal } from './names.js';

/** Which algorithm makes the checksums. A new one gets the next number; a records table goes on with the one that filled it, until a reset, and a diff by any other is refused. */
export const checksumAlgorithm = 1;

/** The model's columns, from PostgreSQL's own description of the query; nothing of it runs. */
export function describeModel(client: PostgresClient, query: string): Promise<readonly ModelColumn[]> {
  return client.transaction((connection) => columnsOf(connection, client.source, query));
}

/**
 * The same for who goes on to run the query in this transaction: until its end nobody can change the tables and views that it reads, and what stands in each column.
 * Throws ModelError for a model that can't be synced.
 */
export async function checkedColumns(connection: pg.PoolClient, source: string, model: Model): Promise<readonly ModelColumn[]> {
  const columns = await columnsOf(connection, source, model.query);
  checkColumns(model, columns);
  return columns;
}

async function columnsOf(connection: pg.PoolClient, source: string, query: string): Promise<readonly ModelColumn[]> {
  const opening = 'SELECT * FROM (\n';
  const described = await connection.query({ text: `${opening}${query}\n) AS model LIMIT 0`, rowMode: 'array' }).catch((error: unknown) => {
    throw asWarehouseError(source, error, { query, after: opening.length });
  });
  const fields = described.fields.map((field) => ({ name: field.name, oid: field.dataTypeID, modifier: field.dataTypeModifier }));
  // Types outside the search path are named with their schema: without a path all are, wherever Sluice connects.
  await connection.query(`SAVEPOINT path; SET LOCAL search_path = ''`);
  const types = await connection.query<{ type: string }>(
    'SELECT format_type(oid, modifier) AS type FROM unnest($1::oid[], $2::int[]) WITH ORDINALITY AS f(oid, modifier, place) ORDER BY place',
    [fields.map((field) => field.oid), fields.map((field) => field.modifier)],
  );
  await connection.query('ROLLBACK TO SAVEPOINT path; RELEASE SAVEPOINT path');
  return fields.map((field, index) => ({ name: field.name, type: types.rows[index]?.type ?? 'unknown' }));
}

/** SQL that reads a model with its columns named c1, c2, …, so that no name of a user's can clash with ours. */
export function modelSource(model: Model, columns: readonly ModelColumn[]): string {
  return `(\n${model.query}\n) AS model(${columns.map((_, index) => `c${index + 1}`).join(', ')})`;
}

/** SQL for the record id: the identifier as text, compared bytewise. */
export function identifierOf(model: Model, columns: readonly ModelColumn[]): string {
  return `(${referenceTo(model.identifier, columns)}::text COLLATE "C")`;
}

/** SQL for the timestamp column, as a point in time; null where the model has none. */
export function timestampOf(model: Model, columns: readonly ModelColumn[]): string {
  return model.timestamp === null ? 'NULL::timestamptz' : `${referenceTo(model.timestamp.column, columns)}::timestamptz`;
}

function referenceTo(name: string, columns: readonly ModelColumn[]): string {
  return `c${columns.findIndex((column) => column.name === name) + 1}`;
}

/**
 * Functions whose bytes tell apart whatever the type's text tells apart. Native hashing takes equality for identity (1.5 = 1.50, -0 = 0) and folds
 * eight bytes into four (1 and 4294967296 collide), so only the types below in `hashedAsTheyAre` are left to it.
 */
const binaryForm: Readonly<Record<string, string>> = {
  bigint: 'int8send',
  real: 'float4send',
  'double precision': 'float8send',
  numeric: 'numeric_send',
  'timestamp without time zone': 'timestamp_send',
  'timestamp with time zone': 'timestamptz_send',
  'time without time zone': 'time_send',
  'time with time zone': 'timetz_send',
  interval: 'interval_send',
  character: 'bpcharsend',
  bpchar: 'bpcharsend',
};
const hashedAsTheyAre = new Set(['boolean', 'smallint', 'integer', 'date', 'uuid', 'bytea']);
const hashedAsBytes = new Set(['text', 'character varying']);

/** `numeric(12,2)` → `numeric`, `timestamp(3) with time zone` → `timestamp with time zone`; arrays stay what they are. */
export function withoutModifier(type: string): string {
  return type.replace(/\([^)]*\)/, '');
}

function hashable(column: ModelColumn, reference: string): string {
  const type = withoutModifier(column.type);
  if (hashedAsTheyAre.has(type)) return reference;
  if (hashedAsBytes.has(type)) return `${reference} COLLATE "C"`;
  const send = binaryForm[type];
  return send === undefined ? `${reference}::text COLLATE "C"` : `${send}(${reference})`;
}

/** A 64-bit checksum over every column. Names and types are in its seed, so a renamed or retyped column changes it, at no cost per row. */
export function checksumExpression(columns: readonly ModelColumn[]): string {
  return checksumOver(columns, columns.map((_, index) => `c${index + 1}`));
}

/**
 * The checksum that a row had when the model still had `before` as its columns; null when they can't all be found among `now`.
 * A column is found by name and type, or, when it was renamed, by place and type.
 */
export function formerChecksumExpression(before: readonly ModelColumn[], now: readonly ModelColumn[]): string | null {
  const references = before.map((column, index) => {
    const sameName = now.findIndex((other) => other.name === column.name);
    const place = sameName !== -1 ? sameName : index;
    return now[place]?.type === column.type ? `c${place + 1}` : null;
  });
  if (references.includes(null) || new Set(references).size < references.length) return null;
  return checksumOver(before, references.map(String));
}

function checksumOver(columns: readonly ModelColumn[], references: readonly string[]): string {
  const shape = JSON.stringify([checksumAlgorithm, columns.map((column) => [column.name, withoutModifier(column.type)])]);
  const seed = createHash('sha256').update(shape).digest().readBigInt64BE();
  return `hash_record_extended(ROW(${columns.map((column, index) => hashable(column, references[index] ?? '')).join(', ')}), ${literal(seed.toString())}::bigint)`;
}

/** Whether a column's JSON may have numbers inside lists or objects, as PostgreSQL wrote them. */
export function mayHoldNumbers(column: ModelColumn): boolean {
  const type = withoutModifier(column.type);
  return !(type in binaryForm || hashedAsTheyAre.has(type) || hashedAsBytes.has(type));
}
