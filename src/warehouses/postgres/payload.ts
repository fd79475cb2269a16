import { limits } from '../../domain/limits.js';
import type { ModelColumn } from '../warehouse.js';
import { withoutModifier } from './columns.js';
import { literal } from './names.js';
import { declaredDigits, digitsOfDouble, jsonExpression, jsonObject, jsonValue } from './record-json.js';

/**
 * How a delta carries its records. `text`: each as one finished JSON text, which the diff can group by. `columns`: each value as it is, put together when the delta is read;
 * where everything is new that spares the server from writing all JSON down first, which is twice the size.
 */
export type Payload = 'text' | 'columns';

/** A heap row takes 8,160 bytes. What is longer than 24 is moved out of it where it must be, and no plain type is longer. */
const mostColumns = 256;

export function payloadOf(everythingIsNew: boolean, columns: readonly ModelColumn[]): Payload {
  return everythingIsNew && columns.length <= mostColumns ? 'columns' : 'text';
}

/** Types that a table can always hold, and whose JSON has at most six bytes for one of theirs, and fifty more. */
const fixedSize = new Set(['boolean', 'smallint', 'integer', 'bigint', 'real', 'double precision', 'date', 'uuid', 'interval',
  'timestamp without time zone', 'timestamp with time zone', 'time without time zone', 'time with time zone']);
const text = new Set(['text', 'character varying', 'character', 'bpchar']);

/** How one column is carried: by its value, or, where its type may be anything, by its JSON. */
function carriageOf(column: ModelColumn): 'value' | 'text' | 'json' {
  const type = withoutModifier(column.type);
  if (text.has(type)) return 'text';
  return fixedSize.has(type) || (type === 'numeric' && declaredDigits(column.type) <= digitsOfDouble) ? 'value' : 'json';
}

/** The delta's columns for its records, each as SQL over a `row` of the model; `present` is SQL that is true where there is a record to carry. */
export function carried(payload: Payload, columns: readonly ModelColumn[], row: string, present: string): readonly (readonly [name: string, sql: string])[] {
  if (payload === 'text') return [['body', `CASE WHEN ${present} THEN ${jsonExpression(columns, row)} END`]];
  return columns.map((column, index) => {
    const name = `c${index + 1}`;
    const reference = `${row}.${name}`;
    // A query may leave a text's collation open; a table may not.
    const values = { value: reference, text: `${reference} COLLATE "C"`, json: `CASE WHEN ${present} THEN ${jsonValue(column, reference)} END` };
    return [name, values[carriageOf(column)]];
  });
}

/** SQL for a record's JSON, from a row of the delta. A deleted one carries nothing: every column is there, with null. */
export function bodyOf(payload: Payload, columns: readonly ModelColumn[], row: string): string {
  if (payload === 'text') return `coalesce(${row}.body, ${literal(`{${columns.map(({ name }) => `${JSON.stringify(name)}:null`).join(',')}}`)})`;
  const values = columns.map((column, index) => {
    const reference = `${row}.c${index + 1}`;
    return carriageOf(column) === 'json' ? `coalesce(${reference}, 'null')` : jsonValue(column, reference);
  });
  return jsonObject(columns, values);
}

/** SQL that is true, at little cost, for each record of which some value or all together may be too large (source document, "Extract limits"), and for few others. */
export function mayBeTooLarge(payload: Payload, columns: readonly ModelColumn[]): string {
  // No other encoding's text grows more than threefold when it becomes UTF-8.
  if (payload === 'text') return `octet_length(body) > ${limits.valueBytes} / CASE getdatabaseencoding() WHEN 'UTF8' THEN 1 ELSE 3 END`;
  const sizes = columns.flatMap((column, index) => (carriageOf(column) === 'value' ? [] : [`coalesce(octet_length(c${index + 1}), 0)`]));
  return sizes.length === 0 ? 'false' : `${sizes.join(' + ')} > ${Math.floor(limits.valueBytes / 6) - 1}`;
}
