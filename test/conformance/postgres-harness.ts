import pg from 'pg';
import { createPostgresWarehouse } from '../../src/warehouses/postgres/index.js';
import type { Warehouse } from '../../src/warehouses/warehouse.js';
import { freshDatabase } from '../support/postgres.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import type { CutLine } from './warehouse-suite-connection.js';
import type { WarehouseHarness, WarehouseSettings } from './warehouse-suite.js';

const stateSchema = '__segment_reverse_etl';

/** The model is small here, and starting parallel workers is most of what a small statement costs. */
const here = ['max_parallel_workers=0'];
/** Session settings that change how PostgreSQL writes values. */
const elsewhere = [
  'timezone=Asia/Kathmandu',
  'search_path=nowhere',
  'datestyle=SQL,DMY',
  'intervalstyle=iso_8601',
  'extra_float_digits=-5',
  'bytea_output=escape',
  'xmloption=document',
  'quote_all_identifiers=on',
  'standard_conforming_strings=off',
  'array_nulls=off',
];

export interface PostgresHarness extends WarehouseHarness {
  readonly url: string;
}

export async function openPostgres(encoding?: string): Promise<PostgresHarness> {
  const database = await freshDatabase(encoding);
  const pool = new pg.Pool({ connectionString: database.url, max: 4, options: '-c timezone=UTC' });
  pool.on('error', () => undefined); // dropping the database ends what is connected still
  const opened: Warehouse[] = [];
  const closeOpened = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((warehouse) => warehouse.close()));
  };
  return {
    url: database.url,
    open: (settings) => {
      const warehouse = warehouseAt(new URL(database.url), settings);
      opened.push(warehouse);
      return warehouse;
    },
    sql: (query) => query,
    run: async (sql) => {
      await pool.query(sql);
    },
    rows: async (sql) => (await pool.query<Record<string, unknown>>(sql)).rows,
    quote: pg.escapeIdentifier,
    foldsCase: false,
    state: (table) => `${stateSchema}.${pg.escapeIdentifier(table)}`,
    stateTables: async () => {
      const found = await pool.query<{ name: string; columns: string[] }>(
        `SELECT table_name AS name, array_agg(column_name::text ORDER BY ordinal_position) AS columns
         FROM information_schema.columns WHERE table_schema = $1 GROUP BY table_name ORDER BY table_name`,
        [stateSchema],
      );
      return new Map(found.rows.map(({ name, columns }) => [name, columns]));
    },
    clear: async () => {
      await closeOpened();
      await pool.query(`SET client_min_messages = warning; DROP SCHEMA IF EXISTS ${stateSchema} CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public`);
    },
    close: async () => {
      await closeOpened();
      await pool.end();
      await database.drop();
    },
  };
}

function warehouseAt(url: URL, settings: WarehouseSettings): Warehouse {
  url.searchParams.set('options', (settings.elsewhere === true ? elsewhere : here).map((setting) => `-c ${setting}`).join(' '));
  const maxRecordsPerSync = settings.maxRecordsPerSync ?? 150_000_000;
  return createPostgresWarehouse('warehouse', { url: url.href, stateSchema, maxRecordsPerSync, statementTimeoutMs: 60_000, maxConcurrentDiffs: 2 });
}

export async function lineToPostgres(harness: PostgresHarness): Promise<CutLine> {
  const url = new URL(harness.url);
  const proxy = await TcpProxy.start(url.host);
  url.host = proxy.address;
  const warehouse = warehouseAt(url, {});
  return {
    ...{ warehouse, proxy, cuts: 'every message' },
    close: async () => {
      await warehouse.close();
      await proxy.close();
    },
  };
}
