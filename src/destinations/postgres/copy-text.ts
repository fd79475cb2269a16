import type { Json } from '../../domain/subscription.js';
import type { Row } from './rows.js';
import type { TargetColumn } from './target.js';

/** One row in COPY's text format (PostgreSQL's documentation of COPY, "Text Format"), with its line feed. */
export function copyLine(row: Row, columns: readonly TargetColumn[]): string {
  const fields = [String(row.line), row.shape === null ? null : String(row.shape), row.id, ...columns.map((column) => columnText(row, column))];
  return `${fields.map((field) => (field === null ? '\\N' : escaped(field))).join('\t')}\n`;
}

function columnText(row: Row, column: TargetColumn): string | null {
  const value = row.shape === null ? null : row.values[column.name];
  return value === null || value === undefined ? null : valueText(value, column.form);
}

/** A value as the input function of its column's type reads it. PostgreSQL itself judges whether it fits. */
function valueText(value: Exclude<Json, null>, form: TargetColumn['form']): string {
  if (form === 'json') return JSON.stringify(value);
  if (typeof value === 'string') return value;
  if (form === 'array' && Array.isArray(value)) return arrayText(value as readonly Json[]);
  return JSON.stringify(value);
}

function arrayText(values: readonly Json[]): string {
  return `{${values.map((value) => elementText(value)).join(',')}}`;
}

function elementText(value: Json): string {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return arrayText(value as readonly Json[]);
  return `"${valueText(value, 'scalar').replace(/["\\]/g, '\\$&')}"`;
}

const special = /[\\\t\n\r]/g;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escaped(text: string): string {
  return text.search(special) === -1 ? text : text.replace(special, (character) => escapes[character] ?? character);
}
