import type { Database } from './customers.js';

/** How a receiver's records differ from the table. All three are 0 when everything arrived. */
export interface Differences {
  /** In the table, not at the receiver. */
  readonly missing: number;
  /** At both, with other values. */
  readonly different: number;
  /** At the receiver, not in the table. */
  readonly surplus: number;
  /** Records in the table. */
  readonly compared: number;
}

const pageRows = 20_000;

/** Compares record by record, value by value; holds a page of the table at a time. */
export async function compareWithTable(database: Database, state: ReadonlyMap<string, string>): Promise<Differences> {
  let missing = 0;
  let different = 0;
  let compared = 0;
  for (let lastId = '0'; ; ) {
    const page = await database.query<{ id: string; record: unknown }>(
      'select id::text as id, row_to_json(customers) as record from customers where id > $1::bigint order by customers.id limit $2',
      [lastId, pageRows],
    );
    for (const { id, record } of page.rows) {
      const received = state.get(id);
      if (received === undefined) missing += 1;
      else if (received !== JSON.stringify(record)) different += 1;
      lastId = id;
    }
    compared += page.rows.length;
    if (page.rows.length < pageRows) return { missing, different, compared, surplus: state.size - (compared - missing) };
  }
}
