import type { DuckDBType } from '@duckdb/node-api';
import type { Model } from '../../domain/subscription.js';
import type { ModelColumn } from '../warehouse.js';
import type { DuckdbClient, Session } from './client.js';
import { literal } from './names.js';
import { typeName, valueText } from './values.js';

/** Which algorithm made the checksums in a records table. A new one gets the next number; tables made with an older one keep it until a reset. */
export const checksumAlgorithm = 1;

/** A model's columns with all that DuckDB says of their types: those inside lists and structs too. */
export interface DescribedModel {
  readonly columns: readonly ModelColumn[];
  readonly types: readonly DuckDBType[];
}

/** The model's columns, from DuckDB's own description of the query; nothing of it runs. */
export async function describeModel(client: DuckdbClient, query: string): Promise<readonly ModelColumn[]> {
  return (await client.transaction((session) => describe(session, query))).columns;
}

export async function describe(session: Session, query: string): Promise<DescribedModel> {
  // As a subquery too, which only a query can be; a subquery's columns, though, get names that differ from each other.
  (await session.connection.prepare(`SELECT * FROM (\n${query}\n) AS model`)).destroySync();
  const prepared = await session.connection.prepare(query);
  try {
    const places = Array.from({ length: prepared.columnCount }, (_, place) => place);
    const types = places.map((place) => prepared.columnType(place));
    return { types, columns: types.map((type, place) => ({ name: prepared.columnName(place), type: typeName(type) })) };
  } finally {
    prepared.destroySync();
  }
}

/** SQL that reads a model with its columns named c1, c2, …, so that no name of a user's can clash with ours. */
export function modelSource(model: Model, { columns }: DescribedModel): string {
  return `(\n${model.query}\n) AS model(${columns.map((_, index) => `c${index + 1}`).join(', ')})`;
}

/** SQL for the record id: the identifier as text, compared bytewise whatever collation its column has. */
export function identifierOf(model: Model, described: DescribedModel): string {
  return `CAST(${referenceTo(model.identifier, described)} AS VARCHAR) COLLATE "binary"`;
}

/** SQL for the timestamp column, as a point in time; null where the model has none. */
export function timestampOf(model: Model, described: DescribedModel): string {
  return `CAST(${model.timestamp === null ? 'NULL' : referenceTo(model.timestamp.column, described)} AS TIMESTAMPTZ)`;
}

function referenceTo(name: string, { columns }: DescribedModel): string {
  return `c${columns.findIndex((column) => column.name === name) + 1}`;
}

/**
 * A 127-bit checksum over every column, names and types included. DuckDB's own hash() takes equality for identity (-0 = 0) and may change with its version;
 * MD5 over the values as JSON text does neither. Texts are quoted in it, so no two rows read the same. One bit goes because DuckDB writes a HUGEINT seventy times faster than a UHUGEINT.
 */
export function checksumExpression({ columns, types }: DescribedModel): string {
  return checksumOver(columns, types, columns.map((_, index) => `c${index + 1}`));
}

/**
 * The checksum that a row had when the model still had `before` as its columns; null when they can't all be found among those of now.
 * A column is found by name and type, or, when it was renamed, by place and type.
 */
export function formerChecksumExpression(before: readonly ModelColumn[], now: DescribedModel): string | null {
  const places = before.map((column, index) => {
    const sameName = now.columns.findIndex((other) => other.name === column.name);
    const place = sameName !== -1 ? sameName : index;
    return now.columns[place]?.type === column.type ? place : -1;
  });
  const types = places.flatMap((place) => now.types[place] ?? []);
  if (types.length < before.length || new Set(places).size < places.length) return null;
  return checksumOver(before, types, places.map((place) => `c${place + 1}`));
}

function checksumOver(columns: readonly ModelColumn[], types: readonly DuckDBType[], references: readonly string[]): string {
  const shape = JSON.stringify([checksumAlgorithm, columns.map(({ name, type }) => [name, type.replace(/^ENUM\(.*\)$/s, 'ENUM')])]);
  const values = types.map((type, index) => valueText(type, references[index] ?? '', 'identity'));
  return `CAST(md5_number(concat(${[literal(shape), ...values].join(`, ',', `)})) >> 1 AS HUGEINT)`;
}

/** SQL for a record as JSON text on one line. Integers beyond 2^53 and decimals that a double can't hold become strings (CONTRACT, "What a destination gets"). */
export function jsonExpression({ columns, types }: DescribedModel): string {
  const fields = columns.map(({ name }, index) => {
    const type = types[index];
    const key = literal(`${index === 0 ? '{' : ','}${JSON.stringify(name)}:`);
    return `${key}, ${type === undefined ? 'NULL' : valueText(type, `c${index + 1}`, 'json')}`;
  });
  return `concat(${fields.join(', ')}, '}')`;
}
