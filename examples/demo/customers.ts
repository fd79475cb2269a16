import { readFile } from 'node:fs/promises';
import type pg from 'pg';

/** What of a pg Client or Pool is used here: every change is one statement, so either will do. */
export type Database = Pick<pg.Pool, 'query'>;

/** How many customers to touch. Fewer are touched where the table holds fewer. */
export interface ChangeRequest {
  readonly update: number;
  readonly add: number;
  readonly remove: number;
}

/** The ids of the customers that a change touched, in order of id. No id is in two lists. */
export interface Changes {
  readonly updated: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Makes the `customers` table and fills it with `rows` customers. A table that holds customers already is left as it is.
 * @returns how many customers there are afterwards
 */
export async function seedCustomers(database: Database, rows: number): Promise<number> {
  await database.query(await readFile(new URL('customers.sql', import.meta.url), 'utf8'));
  await database.query('insert into customers select * from demo_customers(1, $1) where not exists (select from customers)', [rows]);
  await database.query('analyze customers');
  const { rows: counted } = await database.query<{ count: string }>('select count(*) from customers');
  return Number(counted[0]?.count);
}

/**
 * Changes the table as a working day would: upgrades and new revenue, sign-ups, closed accounts. All in one transaction.
 * Which customers are touched, and how, follows from the table alone, and each call touches others than the last.
 */
export async function changeCustomers(database: Database, request: ChangeRequest): Promise<Changes> {
  const { rows } = await database.query<Changes>(changeStatement, [request.update, request.remove, request.add]);
  const [changes] = rows;
  if (changes === undefined) throw new Error('the change statement returned no row; please report this');
  return changes;
}

/** `chosen` shuffles by a digest, so that touched customers lie all over the table; the highest id, which grows, makes each shuffle differ. */
const changeStatement = `
  with now as (
    select coalesce(max(id), 0) as last_id, coalesce(max(updated_at), '2026-01-01 00:00+00') + interval '1 minute' as at from customers
  ), chosen as (
    select id, row_number() over (order by draw, id) as place
    from (select id, md5(id || ':' || last_id) as draw from customers, now order by draw, id limit $1::bigint + $2::bigint) as drawn
  ), updated as (
    update customers set
      plan = case plan when 'free' then 'team' when 'team' then 'business' else plan end,
      ltv = ltv + 49 + seats,
      tags = coalesce(tags, '[]') - 'churn-risk' || '["renewed"]',
      active = true,
      updated_at = at
    from chosen, now where customers.id = chosen.id and place <= $1
    returning customers.id
  ), removed as (
    delete from customers using chosen where customers.id = chosen.id and place > $1
    returning customers.id
  ), added as (
    insert into customers
    select c.id, email, first_name, last_name, company, plan, country, ltv, seats, active, tags, at, at
    from now, demo_customers(last_id + 1, last_id + $3::bigint) as c
    returning id
  )
  select
    array(select id::text from updated order by updated.id) as updated,
    array(select id::text from added order by added.id) as added,
    array(select id::text from removed order by removed.id) as removed`;
