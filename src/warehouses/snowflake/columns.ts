import { createHash } from 'node:crypto';
import type { Model } from '../../domain/subscription.js';
import type { ModelColumn } from '../warehouse.js';
import type { SnowflakeClient } from './client.js';
import { literal, quote } from './names.js';
import type { ResultColumn } from './session.js';

/** Which algorithm made the checksums in a records table. A new one gets the next number; tables made with an older one keep it until a reset. */
export const checksumAlgorithm = 1;

/** The model's columns, from Snowflake's own description of the query; nothing of it runs, and no warehouse has to. */
export async function describeModel(client: SnowflakeClient, query: string): Promise<readonly ModelColumn[]> {
  const columns = await client.use({}, (session) => session.describe(query));
  return columns.map((column) => ({ name: column.name, type: typeName(column) }));
}

/** The driver says `fixed` with precision and scale, `timestamp_ntz`, `text` and so on. */
function typeName({ type, precision, scale }: ResultColumn): string {
  if (type === 'fixed') return `NUMBER(${precision},${scale})`;
  return type === 'real' ? 'FLOAT' : type.toUpperCase();
}

/** `NUMBER(12,2)` → `NUMBER` */
function withoutModifier(type: string): string {
  return type.replace(/\(.*/, '');
}

/** A common table expression that reads a model with its columns named c1, c2, …, so that no name of a user's can clash with ours. */
export function modelSource(model: Model, columns: readonly ModelColumn[]): string {
  return `"model" (${referencesOf(columns).join(', ')}) AS (\n${model.query}\n)`;
}

export function referencesOf(columns: readonly ModelColumn[]): readonly string[] {
  return columns.map((_, index) => quote(`c${index + 1}`));
}

/** SQL for the record id: the identifier as text, compared bytewise. */
export function identifierOf(model: Model, columns: readonly ModelColumn[]): string {
  return textOf(model.identifier, columns, (column, reference) => (isNested(column) ? `TO_VARCHAR(${reference})` : plainText(column, reference)));
}

/** SQL for the timestamp column as a point in time, in UTC; null where the model has none. */
export function timestampOf(model: Model, columns: readonly ModelColumn[]): string {
  if (model.timestamp === null) return 'CAST(NULL AS TIMESTAMP_NTZ)';
  return textOf(model.timestamp.column, columns, (column, reference) => {
    const zoned = /^TIMESTAMP_L?TZ$/.test(column.type);
    // A column without a zone is left alone, so that comparing it lets Snowflake skip partitions.
    return zoned ? `CAST(CONVERT_TIMEZONE('UTC', ${reference}) AS TIMESTAMP_NTZ)` : column.type === 'DATE' ? `CAST(${reference} AS TIMESTAMP_NTZ)` : reference;
  });
}

function textOf(name: string, columns: readonly ModelColumn[], text: (column: ModelColumn, reference: string) => string): string {
  const index = columns.findIndex((column) => column.name === name);
  const column = columns[index];
  return column === undefined ? 'NULL' : text(column, quote(`c${index + 1}`));
}

function isNested(column: ModelColumn): boolean {
  return ['VARIANT', 'OBJECT', 'ARRAY', 'MAP', 'VECTOR', 'GEOGRAPHY', 'GEOMETRY'].includes(column.type);
}

/**
 * SQL for a value as text that tells apart whatever its type tells apart. A column's own collation would make some comparisons careless and others fail.
 * Times are written with nine digits and their offset; floats by seventeen digits where fewer don't lead back to the same one.
 */
function plainText(column: ModelColumn, reference: string): string {
  switch (withoutModifier(column.type)) {
    case 'TEXT':
      return `COLLATE(${reference}, '')`;
    case 'FLOAT':
      return `IFF(TO_DOUBLE(TO_VARCHAR(${reference})) = ${reference}, TO_VARCHAR(${reference}), TO_VARCHAR(${reference}, '9.9999999999999999EEEE'))`;
    case 'BINARY':
      return `HEX_ENCODE(${reference})`;
    case 'DATE':
      return `TO_VARCHAR(${reference}, 'YYYY-MM-DD')`;
    case 'TIME':
      return withoutZeros(`TO_VARCHAR(${reference}, 'HH24:MI:SS.FF9')`);
    case 'TIMESTAMP_NTZ':
      return withoutZeros(`TO_VARCHAR(${reference}, 'YYYY-MM-DD"T"HH24:MI:SS.FF9')`);
    case 'TIMESTAMP_LTZ':
    case 'TIMESTAMP_TZ':
      return `${withoutZeros(`TO_VARCHAR(${reference}, 'YYYY-MM-DD"T"HH24:MI:SS.FF9')`)} || TO_VARCHAR(${reference}, 'TZH:TZM')`;
    default:
      return isNested(column) ? `TO_JSON(${asVariant(column, reference)})` : `TO_VARCHAR(${reference})`;
  }
}

function asVariant(column: ModelColumn, reference: string): string {
  switch (column.type) {
    case 'GEOGRAPHY':
    case 'GEOMETRY':
      return `ST_ASGEOJSON(${reference})`;
    case 'VECTOR':
      return `TO_VARIANT(CAST(${reference} AS ARRAY))`;
    default:
      return `TO_VARIANT(${reference})`;
  }
}

/** `12:00:00.500000000` → `12:00:00.5`, `12:00:00.000000000` → `12:00:00` */
function withoutZeros(time: string): string {
  return `RTRIM(RTRIM(${time}, '0'), '.')`;
}

/** A 256-bit checksum over every column, in hexadecimal digits. Names and types are in it, so a renamed or retyped column changes it. */
export function checksumExpression(columns: readonly ModelColumn[]): string {
  return checksumOver(columns, referencesOf(columns));
}

/**
 * The checksum that a row had when the model still had `before` as its columns; null when they can't all be found among `now`.
 * A column is found by name and type, or, when it was renamed, by place and type.
 */
export function formerChecksumExpression(before: readonly ModelColumn[], now: readonly ModelColumn[]): string | null {
  const places = before.map((column, index) => {
    const sameName = now.findIndex((other) => other.name === column.name);
    const place = sameName !== -1 ? sameName : index;
    return now[place]?.type === column.type ? place : null;
  });
  if (places.includes(null) || new Set(places).size < places.length) return null;
  return checksumOver(before, places.map((place) => quote(`c${(place ?? 0) + 1}`)));
}

/** Each value stands behind its length, and null is a mark of its own, so that no two rows read alike. HASH has 64 bits and is no promise of Snowflake's; SHA2 is. */
function checksumOver(columns: readonly ModelColumn[], references: readonly string[]): string {
  const shape = JSON.stringify([checksumAlgorithm, columns.map((column) => [column.name, withoutModifier(column.type)])]);
  const seed = createHash('sha256').update(shape).digest('hex');
  const values = columns.map((column, index) => {
    const text = plainText(column, references[index] ?? 'NULL');
    return `IFF(${references[index] ?? 'NULL'} IS NULL, '~', TO_VARCHAR(LENGTH(${text})) || ':' || ${text})`;
  });
  return `SHA2(${concatenated([literal(seed), ...values])}, 256)`;
}

/** SQL for a record as JSON text on one line. Integers beyond 2^53 become strings here (CONTRACT, "What a destination gets"); other numbers that a double can't hold, in the worker. */
export function jsonExpression(columns: readonly ModelColumn[]): string {
  const references = referencesOf(columns);
  const fields = columns.map((column, index) => `${literal(`${index === 0 ? '{' : ','}${JSON.stringify(column.name)}:`)} || IFNULL(${jsonValue(column, references[index] ?? 'NULL')}, 'null')`);
  return `${concatenated(fields)} || '}'`;
}

function jsonValue(column: ModelColumn, reference: string): string {
  switch (withoutModifier(column.type)) {
    case 'BOOLEAN':
      return `CASE WHEN ${reference} THEN 'true' WHEN NOT ${reference} THEN 'false' END`;
    case 'NUMBER':
      return column.type.endsWith(",0)") ? `IFF(${reference} BETWEEN -9007199254740991 AND 9007199254740991, TO_VARCHAR(${reference}), '"' || TO_VARCHAR(${reference}) || '"')` : `TO_VARCHAR(${reference})`;
    case 'FLOAT':
      // JSON has no word for what is no number.
      return `IFF(${reference} IN ('NaN'::FLOAT, 'inf'::FLOAT, '-inf'::FLOAT), '"' || TO_VARCHAR(${reference}) || '"', ${plainText(column, reference)})`;
    case 'TEXT':
      return jsonText(reference);
    default:
      return isNested(column) ? plainText(column, reference) : `'"' || ${plainText(column, reference)} || '"'`;
  }
}

/** SQL for a text as a JSON string; line breaks and the like are escaped in it. */
export function jsonText(text: string): string {
  return `TO_JSON(TO_VARIANT(COLLATE(${text}, '')))`;
}

/** Whether a column's JSON may have numbers that a double can't hold: digits behind the point, or numbers inside lists and objects. */
export function mayHoldNumbers(column: ModelColumn): boolean {
  return isNested(column) || column.type === 'DECFLOAT' || (column.type.startsWith('NUMBER(') && !column.type.endsWith(',0)'));
}

/** Every || copies what stands before it, and deep expressions are slow to compile: groups keep that short for models of many columns. */
function concatenated(parts: readonly string[]): string {
  const groups = Array.from({ length: Math.ceil(parts.length / 16) }, (_, index) => `(${parts.slice(index * 16, index * 16 + 16).join(' || ')})`);
  return `(${groups.join(' || ')})`;
}
