import type { DuckDBType } from '@duckdb/node-api';
import type { ModelColumn } from '../warehouse.js';
import { literal } from './names.js';

/**
 * `json`: what a destination gets, on one line. `identity`: what the checksum is over; it tells apart whatever the type tells apart,
 * and is as long as it wants to be.
 */
export type Purpose = 'json' | 'identity';

/** The type's name in DuckDB, as far as the driver tells it: its own alias (`JSON`) where it has one. */
export function typeName(type: DuckDBType): string {
  return type.alias ?? type.toString();
}

/** JSON is text with another name; other names that a database gives to types change nothing. */
function isJson(type: DuckDBType): boolean {
  return type.alias === 'JSON';
}

/** `DECIMAL(18,3)` → `DECIMAL`, `ENUM('a', 'b')` → `ENUM`. */
function kindOf(type: DuckDBType): string {
  if (isJson(type)) return 'JSON';
  return 'valueType' in type ? 'LIST' : type.toString().replace(/\(.*$/s, '');
}

const safeInteger = '9007199254740991';

/** Types whose text has nothing that JSON would have to escape. */
const plainTexts = new Set(['DATE', 'TIME', 'TIME WITH TIME ZONE', 'TIME_NS', 'INTERVAL', 'UUID', 'BIT']);
const smallIntegers = new Set(['TINYINT', 'SMALLINT', 'INTEGER', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'BOOLEAN']);
const bigIntegers = new Set(['BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT']);

/** SQL for a value as text: JSON, or for the checksum nearly so. No JSON starts as null does there, because a document may be `null` too. Depth names the variables of nested lambdas. */
export function valueText(type: DuckDBType, reference: string, purpose: Purpose, depth = 0): string {
  return `CASE WHEN ${reference} IS NULL THEN '${purpose === 'json' ? 'null' : '~'}' ELSE ${presentText(type, reference, purpose, depth)} END`;
}

function presentText(type: DuckDBType, reference: string, purpose: Purpose, depth: number): string {
  const text = `CAST(${reference} AS VARCHAR)`;
  const kind = kindOf(type);
  if (plainTexts.has(kind)) return `'"' || ${text} || '"'`;
  if (smallIntegers.has(kind)) return text;
  if (bigIntegers.has(kind)) return numberWhere(`${reference} BETWEEN ${kind.startsWith('U') ? '0' : `-${safeInteger}`} AND ${safeInteger}`, text);
  switch (kind) {
    case 'DECIMAL':
      return 'width' in type && type.width <= 15 ? text : numberWhere(`abs(${reference}) <= ${safeInteger} AND CAST(CAST(CAST(${reference} AS DOUBLE) AS VARCHAR) AS ${type.toString()}) = ${reference}`, text);
    case 'BIGNUM':
      return numberWhere(`strlen(ltrim(${text}, '-')) < 16 OR strlen(ltrim(${text}, '-')) = 16 AND ltrim(${text}, '-') <= '${safeInteger}'`, text);
    case 'FLOAT':
    case 'DOUBLE':
      return `CASE WHEN isnan(${reference}) THEN '"NaN"' WHEN ${reference} = 'inf' THEN '"Infinity"' WHEN ${reference} = '-inf' THEN '"-Infinity"' ELSE ${text} END`;
    case 'TIMESTAMP':
    case 'TIMESTAMP_S':
    case 'TIMESTAMP_MS':
    case 'TIMESTAMP_NS':
      return `'"' || ${isoTime(text)} || '"'`;
    case 'TIMESTAMP WITH TIME ZONE':
      return `'"' || replace(${isoTime(text)}, '+00', '+00:00') || '"'`;
    case 'BLOB':
      return `'"\\\\x' || lower(hex(${reference})) || '"'`;
    case 'JSON':
      // Inside strings line breaks are escaped; raw ones are white space between tokens.
      return purpose === 'identity' ? text : `translate(${text}, chr(10) || chr(13), '  ')`;
    case 'VARIANT':
      return purpose === 'identity' ? `variant_typeof(${reference}) || ${quoted(text)}` : quoted(text);
    default:
      return nestedText(type, reference, purpose, depth) ?? quoted(text);
  }
}

function nestedText(type: DuckDBType, reference: string, purpose: Purpose, depth: number): string | null {
  const element = `e${depth}`;
  const each = (list: string, text: string): string => `array_to_string(list_transform(${list}, lambda ${element}: ${text}), ',')`;
  if ('keyType' in type) {
    const entry = `${quoted(`CAST(${element}.key AS VARCHAR)`)} || ':' || ${valueText(type.valueType, `${element}.value`, purpose, depth + 1)}`;
    return `'{' || ${each(`map_entries(${reference})`, entry)} || '}'`;
  }
  if ('valueType' in type) return `'[' || ${each(reference, valueText(type.valueType, element, purpose, depth + 1))} || ']'`;
  if ('entryNames' in type) {
    const fields = type.entryNames.map((name, index) => {
      const key = `${index === 0 ? '{' : ','}${JSON.stringify(name === '' ? `f${index + 1}` : name)}:`;
      return `${literal(key)} || ${valueText(type.entryTypes[index] ?? type, `struct_extract_at(${reference}, ${index + 1})`, purpose, depth)}`;
    });
    return `${fields.join(' || ')} || '}'`;
  }
  if ('memberTags' in type) {
    const members = type.memberTags.map((tag, index) => `WHEN ${literal(tag)} THEN ${literal(`{${JSON.stringify(tag)}:`)} || ${valueText(type.memberTypes[index] ?? type, `union_extract(${reference}, ${literal(tag)})`, purpose, depth)}`);
    return `CASE CAST(union_tag(${reference}) AS VARCHAR) ${members.join(' ')} END || '}'`;
  }
  return null;
}

/** A string in JSON. */
function quoted(text: string): string {
  return `CAST(to_json(${text}) AS VARCHAR)`;
}

function numberWhere(exact: string, text: string): string {
  return `CASE WHEN ${exact} THEN ${text} ELSE '"' || ${text} || '"' END`;
}

/** `2024-06-01T12:00:00`. Years before Christ, which ISO 8601 writes in another way, stay as DuckDB writes them. */
function isoTime(text: string): string {
  return `CASE WHEN contains(${text}, '(') THEN ${text} ELSE replace(${text}, ' ', 'T') END`;
}

/** Whether a column may hold JSON documents, whose numbers no SQL has looked at. The driver doesn't tell them from texts inside lists and structs. */
export function mayHoldDocuments({ type }: ModelColumn): boolean {
  return type === 'JSON' || type.endsWith(']') || /^(STRUCT|MAP|UNION)\(/.test(type);
}
