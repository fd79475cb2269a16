import { DuckDBInstance } from '@duckdb/node-api';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { sharedEmulator, stopSharedEmulator } from '../../test/support/snowflake/server.js';
import { Session } from '../../src/warehouses/snowflake/session.js';
import { stateSchema } from '../configuration.js';
import { dropState } from '../drop-state.js';

export const warehouses = ['postgres', 'duckdb', 'snowflake'] as const;
export type WarehouseName = (typeof warehouses)[number];

export interface SourceOptions {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly rows: number;
}

/** A warehouse with a table `customers`. */
export interface MeasuredSource {
  /** Its entry in sluice.yaml: nothing but what has to be there. */
  readonly config: Readonly<Record<string, string>>;
  /** The identifier column, as this warehouse calls it. */
  readonly identifier: string;
  close(): Promise<void>;
}

export const openSource: Readonly<Record<WarehouseName, (options: SourceOptions) => Promise<MeasuredSource>>> = { postgres: inPostgres, duckdb: inDuckdb, snowflake: inSnowflake };

/** 12 columns, about 200 bytes a row, in SQL that all of them understand. `numbers` yields rows of one column `n`. */
function createCustomers(numbers: string): string {
  const text = (sql: string): string => `CAST(${sql} AS VARCHAR(20))`;
  return `CREATE TABLE customers AS
    SELECT n AS id, 'customer.' || ${text('n')} || '@northwind.example' AS email, 'Zoë Okafor the ' || ${text('n % 97')} AS full_name, 'Northwind Logistics ' || ${text('n % 9973')} AS company,
      ${text('n % 997')} || ' "Old" Harbour Street, building ' || ${text('n % 89')} || ', floor ' || ${text('n % 13')} AS address, 'DE' AS country, 'enterprise' AS plan, n % 500 AS seats,
      CAST(n * 7919 % 9000000 * 0.01 AS DECIMAL(12, 2)) AS revenue, n % 8 > 0 AS active, CAST('2021-01-04 08:00:00.123456' AS TIMESTAMP) AS created_at, CAST('2025-01-04 08:00:00.654321' AS TIMESTAMP) AS updated_at
    FROM (${numbers}) AS numbers`;
}

async function inPostgres({ databaseUrl, rows }: SourceOptions): Promise<MeasuredSource> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(createCustomers(`SELECT n FROM generate_series(1::bigint, ${rows}) AS n`));
  await client.query('VACUUM (ANALYZE) customers');
  return {
    config: { type: 'postgres', url: databaseUrl },
    identifier: 'id',
    close: async () => {
      await client.query('DROP TABLE customers');
      await client.end();
      await dropState(databaseUrl);
    },
  };
}

async function inDuckdb({ folder, rows }: SourceOptions): Promise<MeasuredSource> {
  const path = join(folder, 'customers.duckdb');
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run(createCustomers(`SELECT n FROM range(1, ${rows} + 1) AS t(n)`));
  connection.closeSync();
  instance.closeSync();
  return { config: { type: 'duckdb', path }, identifier: 'id', close: () => rm(path) };
}

/** On the protocol server of the tests, with the real driver. */
async function inSnowflake({ rows }: SourceOptions): Promise<MeasuredSource> {
  const { url } = await sharedEmulator();
  const account = { account: 'emulator', username: 'sluice', database: 'WAREHOUSE', warehouse: 'EMULATED', accessUrl: url };
  const unused = { role: null, schema: null, stateWarehouse: null, queryTag: null, unload: null, stateSchema, maxRecordsPerSync: rows, statementTimeoutMs: 600_000, maxConcurrentDiffs: 1 };
  const session = await Session.open('bench', { ...account, ...unused, auth: { kind: 'password', password: 'sluice' } }, account.warehouse, 30_000);
  await session.run('CREATE SCHEMA WAREHOUSE.BENCH');
  session.servesNow({ tag: 'bench', deadlineMs: 600_000 });
  await session.run(createCustomers(`SELECT SEQ8() + 1 AS n FROM TABLE(GENERATOR(ROWCOUNT => ${rows}))`));
  await session.close();
  return { config: { type: 'snowflake', ...account, schema: 'BENCH', password: 'sluice' }, identifier: 'ID', close: stopSharedEmulator };
}
