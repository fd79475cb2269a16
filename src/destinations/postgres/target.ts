import type pg from 'pg';
import { displayName, type TableName } from './names.js';

export interface TargetColumn {
  readonly name: string;
  /** As SQL writes it, with its modifier. */
  readonly type: string;
  readonly form: 'array' | 'json' | 'scalar';
  /** `pg_type.typcategory`: N for numbers, D for dates, … */
  readonly category: string;
  /** PostgreSQL alone gives it its values. */
  readonly generated: boolean;
}

/** The table that records go to, as the catalog has it. */
export interface Target {
  readonly name: TableName;
  readonly key: TargetColumn;
  readonly columns: ReadonlyMap<string, TargetColumn>;
}

/** `problem`: why no record can be written; for people, and without data. */
export type Described = { readonly kind: 'fine'; readonly target: Target } | { readonly kind: 'wrong'; readonly problem: string };

export async function describeTarget(client: pg.ClientBase, name: TableName, key: string): Promise<Described> {
  const shown = displayName(name);
  const wrong = (problem: string): Described => ({ kind: 'wrong', problem });
  const columns = await columnsOf(client, name);
  if (columns.size === 0) return wrong(`there is no table ${shown}: create it, or correct the destination's table`);
  const keyColumn = columns.get(key);
  if (keyColumn === undefined) return wrong(`table ${shown} has no column "${key}" for the record id: set the destination's key to the column that identifies a row`);
  if (!(await isUnique(client, name, key))) return wrong(`column "${key}" of table ${shown} has no unique index: create one, so that each record is one row`);
  return { kind: 'fine', target: { name, key: keyColumn, columns } };
}

/** Why records with these columns can't be written; null when they can. */
export function columnProblem(target: Target, written: readonly string[]): string | null {
  const shown = displayName(target.name);
  const missing = written.filter((column) => !target.columns.has(column));
  if (missing.length > 0) return `table ${shown} has no column ${listed(missing)}: add it to the table, or leave it out in the subscription's mapping`;
  const generated = written.filter((column) => target.columns.get(column)?.generated === true);
  return generated.length > 0 ? `PostgreSQL itself generates ${listed(generated)} of table ${shown}: leave it out in the subscription's mapping` : null;
}

function listed(columns: readonly string[]): string {
  return columns.map((column) => `"${column}"`).join(', ');
}

async function columnsOf(client: pg.ClientBase, { schema, table }: TableName): Promise<ReadonlyMap<string, TargetColumn>> {
  const found = await client.query<TargetColumn>(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, t.typcategory AS category, a.attgenerated <> '' OR a.attidentity = 'a' AS generated,
            CASE WHEN t.typcategory = 'A' THEN 'array' WHEN coalesce(nullif(t.typbasetype, 0), t.oid) IN ('json'::regtype, 'jsonb'::regtype) THEN 'json' ELSE 'scalar' END AS form
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     JOIN pg_type AS t ON t.oid = a.atttypid
     WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p') ORDER BY a.attnum`,
    [schema, table],
  );
  return new Map(found.rows.map((column) => [column.name, column]));
}

/** Whether ON CONFLICT can go by this column alone. */
async function isUnique(client: pg.ClientBase, { schema, table }: TableName, key: string): Promise<boolean> {
  const found = await client.query(
    `SELECT FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
     JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
     WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3
       AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indnkeyatts = 1`,
    [schema, table, key],
  );
  return found.rows.length > 0;
}
