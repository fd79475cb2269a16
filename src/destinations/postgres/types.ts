import type { Json } from '../../domain/subscription.js';
import { displayName } from './names.js';
import { columnsIn, type Rows } from './rows.js';
import type { Target } from './target.js';

type Kind = 'text' | 'number' | 'boolean' | 'list' | 'object';

/** What no value of a type's category (`pg_type.typcategory`) can be read from. Text may hold anything, and categories that are not here may read anything. */
const unreadable: Readonly<Record<string, readonly Kind[]>> = {
  A: ['number', 'boolean', 'object'],
  B: ['list', 'object'],
  D: ['boolean', 'list', 'object'],
  I: ['boolean', 'list', 'object'],
  N: ['boolean', 'list', 'object'],
  T: ['boolean', 'list', 'object'],
};

/**
 * Why a column's type is the wrong one for these records; null when it may be right. A single value that doesn't fit may be a bad row's, which fails alone;
 * where there are several and none fits, it is the column.
 */
export function typeProblem({ name, columns }: Target, rows: Rows): string | null {
  for (const column of columnsIn(rows)) {
    const target = columns.get(column);
    const refused = unreadable[target?.category ?? ''];
    if (target === undefined || refused === undefined || target.form === 'json') continue;
    const values = rows.rows.flatMap(({ shape, values: { [column]: value } }) => (shape === null || value === undefined || value === null ? [] : [value]));
    if (values.length < 2 || !values.every((value) => refused.includes(kindOf(value)))) continue;
    const kinds = [...new Set(values.map(kindOf))].join(' or ');
    return `column "${column}" of table ${displayName(name)} is of type ${target.type}, which takes no ${kinds}: correct the subscription's mapping, or the column`;
  }
  return null;
}

function kindOf(value: Exclude<Json, null>): Kind {
  if (Array.isArray(value)) return 'list';
  return typeof value === 'string' ? 'text' : (typeof value as 'number' | 'boolean' | 'object');
}
