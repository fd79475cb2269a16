import type { ModelColumn } from '../warehouse.js';
import { mayHoldNumbers, withoutModifier } from './columns.js';
import { literal } from './names.js';

/** SQL for a record as JSON text on one line, from its columns c1, c2, … in `row`. */
export function jsonExpression(columns: readonly ModelColumn[], row: string): string {
  return jsonObject(columns, columns.map((column, index) => jsonValue(column, `${row}.c${index + 1}`)));
}

/** SQL for a record as JSON, from SQL for the JSON of each value. Put together by concatenation, which runs in parallel; a correlated subquery never does. */
export function jsonObject(columns: readonly ModelColumn[], values: readonly string[]): string {
  const fields = columns.map((column, index) => `${literal(`${index === 0 ? '{' : ','}${JSON.stringify(column.name)}:`)} || ${values[index] ?? ''}`);
  // Every || copies what stands before it: groups keep that short for models of many columns.
  const groups = Array.from({ length: Math.ceil(fields.length / 16) }, (_, index) => `(${fields.slice(index * 16, index * 16 + 16).join(' || ')})`);
  return `(${groups.join(' || ')} || '}')`;
}

/** SQL for one value as JSON. Integers beyond 2^53 and decimals that a double can't hold become strings (CONTRACT, "What a destination gets"). */
export function jsonValue(column: ModelColumn, reference: string): string {
  const quoted = `coalesce('"' || ${reference}::text || '"', 'null')`;
  switch (withoutModifier(column.type)) {
    case 'boolean':
      return `CASE ${reference} WHEN true THEN 'true' WHEN false THEN 'false' ELSE 'null' END`;
    case 'smallint':
    case 'integer':
      return `coalesce(${reference}::text, 'null')`;
    case 'bigint':
      return `CASE WHEN ${reference} BETWEEN -9007199254740991 AND 9007199254740991 THEN ${reference}::text ELSE ${quoted} END`;
    case 'numeric':
      if (declaredDigits(column.type) <= digitsOfDouble) return `CASE WHEN ${reference} = 'NaN' THEN '"NaN"' ELSE coalesce(${reference}::text, 'null') END`;
      return `CASE WHEN ${reference} = 0 OR abs(${reference}) BETWEEN 1e-300 AND 9007199254740991 AND ${isDouble(reference)} THEN ${reference}::text ELSE ${quoted} END`;
    default: {
      const json = `coalesce(to_json(${reference})::text, 'null')`;
      // Inside strings line breaks are escaped; only json brings raw ones, as white space between tokens.
      return breaksNoLine(column) ? json : `translate(${json}, E'\\n\\r', '  ')`;
    }
  }
}

/** A double holds this many, whichever they are. */
export const digitsOfDouble = 15;

/** The precision of `numeric(12,2)` is 12; that of `numeric` has no bound. */
export function declaredDigits(type: string): number {
  const digits = /^numeric\((\d+),\d+\)$/.exec(type)?.[1];
  return digits === undefined ? Infinity : Number(digits);
}

/** Whether a numeric comes back from a double's shortest text. The cast back without text keeps 15 digits, which is enough for most and cheaper. */
function isDouble(reference: string): string {
  return `(${reference}::float8::numeric = ${reference} OR ${reference}::float8::text::numeric = ${reference})`;
}

function breaksNoLine(column: ModelColumn): boolean {
  return !mayHoldNumbers(column) || withoutModifier(column.type) === 'jsonb';
}
