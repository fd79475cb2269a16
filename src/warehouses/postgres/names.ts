import pg from 'pg';
import { tableNamesIn, type TableNames } from '../table-names.js';

export type { TableNames } from '../table-names.js';

/** Quotes any identifier: upper case, spaces, quotes, reserved words. */
export const quote = pg.escapeIdentifier;
export const literal = pg.escapeLiteral;

export function tableNames(schema: string, subscriptionId: string): TableNames {
  return tableNamesIn(schema, subscriptionId, quote);
}
