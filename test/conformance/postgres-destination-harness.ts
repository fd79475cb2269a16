import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createPostgresDestination } from '../../src/destinations/postgres/postgres.js';
import { freshDatabase } from '../support/postgres.js';
import { PostgresProxy } from '../support/postgres-proxy.js';
import { eventually } from '../support/sluice.js';
import { tableConfig } from '../support/table-destination.js';
import type { AnsweringHarness } from './destination-suite.js';

/** A table in a database of its own, written to by a role of its own, by way of a proxy that breaks connections. */
export async function openTable(timeoutMs: number): Promise<AnsweringHarness> {
  const database = await freshDatabase();
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const role = `loader_${randomBytes(4).toString('hex')}`;
  await admin.query(`
    CREATE ROLE ${role} LOGIN PASSWORD 'loader';
    GRANT CREATE ON SCHEMA public TO ${role};
    CREATE TABLE customers (id text PRIMARY KEY, text text, big numeric, tags jsonb, none integer, empty text, plan text);
    GRANT ALL ON customers TO ${role}`);
  const url = new URL(database.url);
  url.username = role;
  url.password = 'loader';
  const proxy = await PostgresProxy.start(url.href);
  const destination = createPostgresDestination('crm', tableConfig(proxy.url, 'customers', { timeoutMs }));
  return {
    destination,
    state: () => stateOf(admin),
    failNextAttempt: () => proxy.next('refuse'),
    loseNextAnswer: () => proxy.next('lose_answer'),
    ignoreNextAttempt: () => proxy.next('silence'),
    refuseCredentials: async () => {
      await admin.query(`ALTER ROLE ${role} NOLOGIN`);
    },
    refuseRecords: async (ids) => {
      await admin.query(`ALTER TABLE customers ADD CHECK (id NOT IN (${[...ids].map((id) => pg.escapeLiteral(id)).join(', ')}))`);
    },
    close: async () => {
      await destination.close();
      await proxy.close();
      // Until its connections have ended, they drop what was theirs.
      await eventually('its connections have ended', async () => (await admin.query('SELECT FROM pg_stat_activity WHERE usename = $1', [role])).rowCount === 0);
      await admin.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await admin.end();
      await database.drop();
    },
  };
}

/** The columns of the table that no record of the batch had are null, and left out. Numbers come back as text, with all their digits. */
async function stateOf(admin: pg.Client): Promise<ReadonlyMap<string, unknown>> {
  const found = await admin.query<{ id: string; row: Record<string, unknown> }>(
    `SELECT id, to_jsonb(customers) || jsonb_build_object('big', big::text) AS row FROM customers`,
  );
  const used = new Set(found.rows.flatMap(({ row }) => Object.keys(row).filter((column) => row[column] !== null)));
  if (used.has('text')) used.add('none');
  return new Map(found.rows.map(({ id, row }) => [id, Object.fromEntries(Object.entries(row).filter(([column]) => used.has(column)))]));
}
