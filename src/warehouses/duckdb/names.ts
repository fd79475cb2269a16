import { tableNamesIn, type TableNames } from '../table-names.js';

export type { TableNames } from '../table-names.js';

/** Quotes any identifier: upper case, spaces, quotes, reserved words. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Backslashes mean themselves. A NUL can't stand in a statement. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`.replaceAll('\0', `' || chr(0) || '`);
}

export function tableNames(schema: string, subscriptionId: string): TableNames {
  return tableNamesIn(schema, subscriptionId, quote);
}
