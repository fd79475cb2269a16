import { DuckDBInstance } from '@duckdb/node-api';
import { join } from 'node:path';
import { createDuckdbWarehouse, type DuckdbSettings } from '../../src/warehouses/duckdb/index.js';
import type { Warehouse } from '../../src/warehouses/warehouse.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { WarehouseHarness } from './warehouse-suite.js';

const stateSchema = '__segment_reverse_etl';
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export interface DuckdbHarness extends WarehouseHarness {
  readonly settings: DuckdbSettings;
}

export async function openDuckdb(): Promise<DuckdbHarness> {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'warehouse.duckdb');
  // The instance that Sluice uses too: a process has one for a file.
  const instance = await DuckDBInstance.fromCache(path);
  const connection = await instance.connect();
  const opened: Warehouse[] = [];
  const rows = async (sql: string): Promise<Record<string, unknown>[]> => {
    const found = (await connection.runAndReadAll(sql)).getRowObjectsJS();
    return found.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value])));
  };
  const closeOpened = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((warehouse) => warehouse.close()));
  };
  const defaults: DuckdbSettings = { path, token: null, memoryLimit: null, threads: 1, stateSchema, maxRecordsPerSync: 150_000_000, statementTimeoutMs: 60_000, maxConcurrentDiffs: 2 };
  return {
    settings: defaults,
    open: (settings) => {
      // A connection takes its settings from here, unless it sets its own.
      const [zone, calendar] = settings.elsewhere === true ? ['Asia/Kathmandu', 'japanese'] : ['UTC', 'gregorian'];
      connection.run(`SET GLOBAL TimeZone = '${zone}'; SET GLOBAL Calendar = '${calendar}'`).catch(() => undefined);
      const warehouse = createDuckdbWarehouse('warehouse', { ...defaults, maxRecordsPerSync: settings.maxRecordsPerSync ?? defaults.maxRecordsPerSync });
      opened.push(warehouse);
      return warehouse;
    },
    sql: (query) => query,
    run: async (sql) => {
      await connection.run(sql);
    },
    rows,
    quote,
    foldsCase: true,
    state: (table) => `${stateSchema}.${quote(table)}`,
    stateTables: async () => {
      const found = await rows(
        `SELECT table_name AS name, string_agg(column_name, ',' ORDER BY ordinal_position) AS columns
         FROM information_schema.columns WHERE table_schema = '${stateSchema}' GROUP BY table_name ORDER BY table_name`,
      );
      return new Map(found.map(({ name, columns }) => [String(name), String(columns).split(',')]));
    },
    clear: async () => {
      await closeOpened();
      const tables = await rows(`SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'main'`);
      await connection.run([`DROP SCHEMA IF EXISTS ${stateSchema} CASCADE`, ...tables.map(({ name }) => `DROP TABLE ${quote(String(name))}`)].join('; '));
    },
    close: async () => {
      await closeOpened();
      connection.closeSync();
      instance.closeSync();
      await folder.remove();
    },
  };
}
