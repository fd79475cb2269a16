import type pg from 'pg';
import type { CheckItem } from '../../contract/reports.js';
import type { Model } from '../../domain/subscription.js';
import { SluiceError } from '../../errors/errors.js';
import { checked } from '../checked.js';
import type { PostgresClient } from './client.js';
import { checkedColumns } from './columns.js';
import { quote } from './names.js';

/** What a sync needs of a source, tried in transactions that are undone. The connection comes first, because nothing else can be said without it. */
export async function checkAccess(client: PostgresClient, models: readonly Model[], signal: AbortSignal): Promise<readonly CheckItem[]> {
  const { stateSchema } = client.settings;
  const server = await client.transaction(serverProblem, { signal });
  const items = [{ what: 'connects to a server that Sluice can use', problem: server }];
  items.push(await checked(`keeps its state in schema "${stateSchema}"`, () => client.transaction((connection) => stateProblem(connection, stateSchema), { signal, rollBack: true })));
  for (const model of models) items.push(await checked(`reads model "${model.name}"`, () => modelProblem(client, model, signal)));
  return items;
}

/** The grants, from what the models read; `CREATE SCHEMA … AUTHORIZATION` asks for less than CREATE on the whole database. */
export async function grants(client: PostgresClient, models: readonly Model[], signal: AbortSignal): Promise<readonly string[]> {
  const { role, database } = await client.transaction(async (connection) => {
    const found = await connection.query<{ role: string; database: string }>('SELECT current_user AS role, current_database() AS database');
    return found.rows[0] ?? { role: '', database: '' };
  });
  const schemas = new Set<string>();
  const tables = new Set<string>();
  const unknown: string[] = [];
  for (const model of models) {
    try {
      for (const { schema, name } of await relationsOf(client, model, signal)) {
        schemas.add(schema);
        tables.add(`${quote(schema)}.${quote(name)}`);
      }
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      unknown.push(`-- model "${model.name}" cannot be read yet, so what it reads is not known: grant what is missing, then run this again`, `--   ${error.message.replaceAll('\n', ' ')}`);
    }
  }
  const to = `TO ${quote(role)};`;
  return [
    `GRANT CONNECT, TEMPORARY ON DATABASE ${quote(database)} ${to}`,
    `CREATE SCHEMA IF NOT EXISTS ${quote(client.settings.stateSchema)} AUTHORIZATION ${quote(role)};`,
    ...[...schemas].sort().map((schema) => `GRANT USAGE ON SCHEMA ${quote(schema)} ${to}`),
    ...[...tables].sort().map((table) => `GRANT SELECT ON ${table} ${to}`),
    ...unknown,
  ];
}

async function serverProblem(connection: pg.PoolClient): Promise<string | null> {
  const found = await connection.query<{ version: number; replica: boolean }>(`SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS replica`);
  const server = found.rows[0];
  if (server === undefined || server.version < 140_000) return 'the server is older than PostgreSQL 14: upgrade it, or use another';
  return server.replica ? 'the server is a replica, on which no table can be made: use the url of the primary' : null;
}

async function stateProblem(connection: pg.PoolClient, schema: string): Promise<string | null> {
  const exists = await connection.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  if (exists.rowCount === 0) await connection.query(`CREATE SCHEMA ${quote(schema)}`);
  // A name that no table of ours has: those carry a subscription id, which has no upper case.
  await connection.query(`CREATE UNLOGGED TABLE ${quote(schema)}."CHECK" AS SELECT 1 AS one; DROP TABLE ${quote(schema)}."CHECK"`);
  const others = await connection.query<{ name: string; owner: string }>(
    `SELECT tablename AS name, tableowner AS owner FROM pg_tables WHERE schemaname = $1 AND NOT pg_has_role(tableowner, 'USAGE') ORDER BY tablename`,
    [schema],
  );
  const first = others.rows[0];
  return first === undefined
    ? null
    : `${others.rows.length} tables there belong to another role ("${first.name}" to "${first.owner}"): make this source's role their owner (ALTER TABLE … OWNER TO), or a member of that role`;
}

async function modelProblem(client: PostgresClient, model: Model, signal: AbortSignal): Promise<string | null> {
  const missing = (await relationsOf(client, model, signal)).filter(({ readable }) => !readable).map(({ schema, name }) => `${schema}.${name}`);
  if (missing.length > 0) return `the role of this source may not read ${missing.join(', ')}: grant it SELECT there`;
  await client.transaction((connection) => checkedColumns(connection, client.source, model));
  return null;
}

interface Relation {
  readonly schema: string;
  readonly name: string;
  /** Whether this role may read every column that the query names. */
  readonly readable: boolean;
}

/** The tables and views that a query names, found through a view of it that is never kept: making one takes no permission to read them. */
function relationsOf(client: PostgresClient, model: Model, signal: AbortSignal): Promise<readonly Relation[]> {
  return client.transaction(
    async (connection) => {
      await connection.query(`CREATE TEMPORARY VIEW sluice_check AS SELECT 1 AS one FROM (\n${model.query}\n) AS model`);
      const found = await connection.query<Relation>(
        `SELECT n.nspname AS schema, c.relname AS name,
           bool_and(CASE WHEN d.refobjsubid > 0 THEN has_column_privilege(c.oid, d.refobjsubid::smallint, 'SELECT') ELSE has_any_column_privilege(c.oid, 'SELECT') END) AS readable
         FROM pg_rewrite AS r JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
         JOIN pg_class AS c ON c.oid = d.refobjid JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE r.ev_class = 'pg_temp.sluice_check'::regclass AND d.refobjid <> r.ev_class AND n.nspname NOT IN ('pg_catalog', 'information_schema')
         GROUP BY n.nspname, c.relname ORDER BY n.nspname, c.relname`,
      );
      return found.rows;
    },
    { signal, rollBack: true },
  );
}
