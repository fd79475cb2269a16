import { randomBytes } from 'node:crypto';

import pg from 'pg';

import { startPostgres, type PostgresServer } from '../../src/devserver/postgres.js';
import { temporaryFolder, type TemporaryFolder } from './temporary-folder.js';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

let shared: Promise<{ server: PostgresServer; folder: TemporaryFolder }> | null = null;

/** The PostgreSQL of this test run, started when the first test asks for it. Its url is the superuser's. */
export async function testPostgres(): Promise<PostgresServer> {
  shared ??= (async () => {
    const folder = await temporaryFolder();
    const flags = ['-c', 'fsync=off', '-c', 'max_connections=200'];
    const server = await startPostgres({ dataFolder: folder.path, flags, log: () => undefined });
    return { server, folder };
  })();
  return (await shared).server;
}

/** An empty database of its own for a test, on the shared server. Dropping it ends what is connected still, after a moment: what is just closing has nobody to tell that it was ended. */
export async function freshDatabase(encoding = 'UTF8'): Promise<TestDatabase> {
  const server = await testPostgres();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await runAsSuperuser(server, `create database ${name} template template0 encoding '${encoding}'`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => runAsSuperuser(server, untilNobodyIsIn(name), `drop database if exists ${name} with (force)`) };
}

/** Waits for half a second at most. */
function untilNobodyIsIn(database: string): string {
  return `do $$ begin
    for attempt in 1..20 loop
      exit when not exists (select from pg_stat_get_activity(null) where datid = (select oid from pg_database where datname = '${database}'));
      perform pg_sleep(0.025), pg_stat_clear_snapshot();
    end loop;
  end $$`;
}

export async function stopSharedPostgres(): Promise<void> {
  if (shared === null) return;
  const { server, folder } = await shared;
  await server.stop();
  await folder.remove();
}

async function runAsSuperuser(server: PostgresServer, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
