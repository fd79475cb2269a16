import { randomBytes } from 'node:crypto';
import { SnowflakeClient } from '../../src/warehouses/snowflake/client.js';
import { createSnowflakeWarehouse, type SnowflakeSettings } from '../../src/warehouses/snowflake/index.js';
import { quote } from '../../src/warehouses/snowflake/names.js';
import type { Warehouse } from '../../src/warehouses/warehouse.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { snowflakeAccount } from '../support/snowflake/account.js';
import { statementsOf, withQuotedNames } from './standard-sql.js';
import type { CutLine } from './warehouse-suite-connection.js';
import type { WarehouseHarness } from './warehouse-suite.js';

const standardSql = (sql: string): string => withQuotedNames(sql, quote);

export interface SnowflakeHarness extends WarehouseHarness {
  readonly settings: SnowflakeSettings;
}

/** A schema for the models and a state schema, both of their own, in the emulator or in the account that SNOWFLAKE_TEST_… names. */
export async function openSnowflake(): Promise<SnowflakeHarness> {
  const account = await snowflakeAccount();
  const token = randomBytes(4).toString('hex').toUpperCase();
  const settings: SnowflakeSettings = { ...account, schema: `MODELS_${token}`, stateSchema: `state_${token.toLowerCase()}`, maxRecordsPerSync: 150_000_000, statementTimeoutMs: 60_000, maxConcurrentDiffs: 2 };
  const database = settings.database;
  const models = `${quote(database)}.${quote(`MODELS_${token}`)}`;
  const state = `${quote(database)}.${quote(settings.stateSchema)}`;
  const admin = new SnowflakeClient('harness', { ...settings, schema: null });
  await admin.use({}, (session) => session.run(`CREATE SCHEMA ${models}`));
  await admin.close(); // its session now works in that schema
  const client = new SnowflakeClient('harness', settings);
  const opened: Warehouse[] = [];
  const closeOpened = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((warehouse) => warehouse.close()));
  };
  const shared = new Map<string, Warehouse>();
  return {
    settings,
    open: ({ maxRecordsPerSync = settings.maxRecordsPerSync }) => {
      // One for each setting: logging in costs more than most of what a law does.
      const key = String(maxRecordsPerSync);
      const warehouse = shared.get(key) ?? createSnowflakeWarehouse('warehouse', { ...settings, maxRecordsPerSync });
      if (!shared.has(key)) opened.push(warehouse);
      shared.set(key, warehouse);
      return warehouse;
    },
    sql: standardSql,
    // The emulator's tables are DuckDB's; in an account they are two names.
    foldsCase: process.env['SNOWFLAKE_TEST_ACCOUNT'] === undefined,
    // The driver keeps columns by name in a plain object.
    brokenNames: ['__proto__'],
    run: async (sql) => {
      await client.use({}, async (session) => {
        for (const statement of statementsOf(standardSql(sql))) await session.run(statement);
      });
    },
    rows: async (sql) => client.use({}, async (session) => (await session.run<Record<string, unknown>>(standardSql(sql))).rows),
    quote,
    state: (table) => `${state}.${quote(table)}`,
    stateTables: async () => {
      const found = await client.use({}, (session) =>
        session.run<{ name: string; column: string }>(
          `SELECT "TABLE_NAME" AS "name", "COLUMN_NAME" AS "column" FROM ${quote(database)}."INFORMATION_SCHEMA"."COLUMNS"
           WHERE "TABLE_SCHEMA" = '${settings.stateSchema}' ORDER BY "TABLE_NAME", "ORDINAL_POSITION"`,
        ),
      );
      const tables = new Map<string, string[]>();
      for (const { name, column } of found.rows) tables.set(name, [...(tables.get(name) ?? []), column]);
      return tables;
    },
    clear: async () => {
      const schema = (name: string): Promise<unknown> => client.use({}, (session) => session.run(`DROP SCHEMA IF EXISTS ${name} CASCADE`));
      await schema(state);
      await client.use({}, async (session) => {
        const tables = await session.run<{ name: string }>(`SHOW TERSE TABLES IN SCHEMA ${models}`);
        for (const { name } of tables.rows) await session.run(`DROP TABLE ${models}.${quote(name)}`);
      });
    },
    close: async () => {
      await closeOpened();
      await client.use({}, (session) => session.run(`DROP SCHEMA IF EXISTS ${models} CASCADE`));
      await client.close();
    },
  };
}

/** Only the emulator is a server that a proxy can stand before. */
export async function lineToSnowflake({ settings }: SnowflakeHarness): Promise<CutLine> {
  const proxy = await TcpProxy.start(new URL(settings.accessUrl ?? '').host);
  const warehouse = createSnowflakeWarehouse('warehouse', { ...settings, accessUrl: `http://${proxy.address}` });
  return {
    ...{ warehouse, proxy, cuts: 'one a step' },
    close: async () => {
      await warehouse.close();
      await proxy.close();
    },
  };
}
