import { DuckDBInstance } from '@duckdb/node-api';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Changes } from './customers.js';
import type { DemoWarehouse } from './warehouse.js';

/** A DuckDB file in `folder`. A process has one instance of a file, so this one is the worker's too. */
export async function openDuckdbWarehouse(folder: string, log: (line: string) => void): Promise<DemoWarehouse> {
  const path = resolve(folder, 'warehouse.duckdb');
  const instance = await DuckDBInstance.fromCache(path);
  const connection = await instance.connect();
  await connection.run(`set timezone = 'UTC'`);
  log(`DuckDB: ${path}`);
  const rows = async <T>(sql: string): Promise<T[]> => (await connection.runAndReadAll(sql)).getRowObjectsJS() as T[];
  const ids = async (sql: string): Promise<readonly string[]> => (await rows<{ id: bigint }>(sql)).map(({ id }) => id).sort((a, b) => Number(a - b)).map(String);
  return {
    env: { WAREHOUSE_FILE: path },
    seed: async (count) => {
      await connection.run(await readFile(new URL('customers-duckdb.sql', import.meta.url), 'utf8'));
      await connection.run(`insert into customers select * from demo_customers(1, ${count}) where not exists (select 1 from customers)`);
      const [counted] = await rows<{ count: bigint }>('select count(*) as count from customers');
      return Number(counted?.count);
    },
    change: async ({ update, add, remove }) => {
      await connection.run(`
        begin;
        create or replace temporary table now_is as select coalesce(max(id), 0) as last_id, coalesce(max(updated_at), timestamptz '2026-01-01 00:00:00+00') + interval '1 minute' as moment from customers;
        create or replace temporary table chosen as
          select id, row_number() over (order by draw, id) as place
          from (select id, md5(id || ':' || last_id) as draw from customers, now_is order by draw, id limit ${update + remove})`);
      const changes: Changes = {
        updated: await ids(`
          update customers set
            plan = case plan when 'free' then 'team' when 'team' then 'business' else plan end,
            ltv = ltv + 49 + seats,
            tags = list_append(list_filter(coalesce(tags, []), lambda tag: tag <> 'churn-risk'), 'renewed'),
            active = true,
            updated_at = (select moment from now_is)
          where id in (select id from chosen where place <= ${update}) returning id`),
        removed: await ids(`delete from customers where id in (select id from chosen where place > ${update}) returning id`),
        added: await ids(`
          insert into customers
          select c.* replace ((select moment from now_is) as created_at, (select moment from now_is) as updated_at)
          from demo_customers((select last_id + 1 from now_is), (select last_id + ${add} from now_is)) as c returning id`),
      };
      await connection.run('commit');
      return changes;
    },
    page: async (lastId, count) => {
      const page = await rows<{ id: string; record: string }>(`
        select cast(id as varchar) as id, cast(to_json(c) as varchar) as record
        from (select * replace (${['created_at', 'updated_at'].map((column) => `strftime(${column} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S+00:00') as ${column}`).join(', ')})
              from customers where customers.id > ${lastId} order by customers.id limit ${count}) as c order by c.id`);
      return page.map(({ id, record }) => ({ id, record: JSON.parse(record) as unknown }));
    },
    stop: async () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
