import pg from 'pg';
import { stateSchema } from './configuration.js';

/** Forgets every subscription of a PostgreSQL warehouse. */
export async function dropState(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${stateSchema} CASCADE`);
  await client.end();
}
