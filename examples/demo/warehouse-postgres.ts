import { resolve } from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../src/devserver/postgres.js';
import { changeCustomers, seedCustomers } from './customers.js';
import type { CustomerRow, DemoWarehouse } from './warehouse.js';

/** The embedded PostgreSQL, its data in `folder`. */
export async function startPostgresWarehouse(folder: string, log: (line: string) => void): Promise<DemoWarehouse> {
  const postgres = await startPostgres({ dataFolder: resolve(folder, 'warehouse'), log });
  const database = new pg.Pool({ connectionString: postgres.url });
  return {
    env: { WAREHOUSE_URL: postgres.url },
    seed: (rows) => seedCustomers(database, rows),
    change: (request) => changeCustomers(database, request),
    page: async (lastId, rows) => {
      const page = await database.query<CustomerRow>('select id::text as id, row_to_json(customers) as record from customers where id > $1::bigint order by customers.id limit $2', [lastId, rows]);
      return page.rows;
    },
    stop: async () => {
      await database.end();
      await postgres.stop();
    },
  };
}
