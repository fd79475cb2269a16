import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { idleWatcher } from '../meter.js';

/** What one round of changes did, in records. */
export interface Changes {
  readonly added: number;
  readonly updated: number;
  readonly deleted: number;
}

/** The measured table: made once for each size, changed once for each run. */
export class Customers {
  private rounds = 0;
  private highest = 0;

  private constructor(
    private readonly client: pg.Client,
    readonly rows: number,
  ) {}

  static async create(url: string, rows: number): Promise<Customers> {
    const client = new pg.Client({ connectionString: url, application_name: idleWatcher });
    await client.connect();
    await client.query('DROP TABLE IF EXISTS customers CASCADE');
    await client.query(await readFile(new URL('customers.sql', import.meta.url), 'utf8'));
    await client.query('INSERT INTO customers SELECT * FROM customers_from(1, $1, 0)', [rows]);
    const customers = new Customers(client, rows);
    customers.highest = rows;
    await customers.tidy();
    return customers;
  }

  /** Updates 1%, adds 0.1% and deletes 0.1% of the first rows; other ones each time, for a hundred times. */
  async change(): Promise<Changes> {
    this.rounds += 1;
    const part = this.rounds % 100;
    const deleted = await this.client.query('DELETE FROM customers WHERE id % 1000 = $1', [part * 10 + ((part + 1) % 10)]);
    const updated = await this.client.query(
      `UPDATE customers AS c SET revenue = v.revenue, updated_at = v.updated_at
       FROM customers_from(1, $1, $2) AS v WHERE v.id % 100 = $3 AND c.id = v.id`,
      [this.rows, this.rounds, part],
    );
    const adding = Math.floor(this.rows / 1000);
    await this.client.query('INSERT INTO customers SELECT * FROM customers_from($1, $2, 0)', [this.highest + 1, this.highest + adding]);
    this.highest += adding;
    await this.tidy();
    return { added: adding, updated: updated.rowCount ?? 0, deleted: deleted.rowCount ?? 0 };
  }

  /** What autovacuum, which is off so that it disturbs nobody, would have done by the next sync: to every table of every contender. */
  async tidy(): Promise<void> {
    await this.client.query('VACUUM (ANALYZE)');
  }

  async averageRowBytes(): Promise<number> {
    const found = await this.client.query<{ bytes: number }>('SELECT avg(pg_column_size(c.*))::float8 AS bytes FROM (SELECT * FROM customers LIMIT 10000) AS c');
    return Math.round(found.rows[0]?.bytes ?? 0);
  }

  async drop(): Promise<void> {
    await this.client.query('DROP TABLE customers CASCADE');
    await this.client.end();
  }
}
