import pg from 'pg';

/** A table by its catalog names. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

export function parseTableName(written: string): TableName {
  const [first = '', second] = written.split('.');
  return second === undefined ? { schema: 'public', table: first } : { schema: first, table: second };
}

export function quoteTable({ schema, table }: TableName): string {
  return `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`;
}

export function displayName({ schema, table }: TableName): string {
  return `${schema}.${table}`;
}
