import assert from 'node:assert/strict';
import type { Configuration } from '../../src/config/index.js';
import { eventually, type Rig } from './sluice.js';
import { TcpProxy } from './tcp-proxy.js';

type PostgresSource = Extract<Configuration['sources'][string], { readonly type: 'postgres' }>;

/** The rig's source, with changes. */
export function sourceLike({ configuration }: Rig, changes: Partial<PostgresSource>): PostgresSource {
  const source = configuration.sources['warehouse'];
  assert.ok(source?.type === 'postgres');
  return { ...source, ...changes };
}

/** A proxy before the rig's warehouse. */
export function startProxy(rig: Rig): Promise<TcpProxy> {
  return TcpProxy.start(new URL(sourceLike(rig, {}).url).host);
}

/** The rig's source, reached through a proxy. */
export function sourceBehind(rig: Rig, proxy: TcpProxy): PostgresSource {
  const url = new URL(sourceLike(rig, {}).url);
  url.host = proxy.address;
  return sourceLike(rig, { url: url.href });
}

/** What syncs should not leave in the state schema: rows that are open or whose books don't close, and tables of one sync. */
export async function unsettled({ database }: Rig): Promise<readonly string[]> {
  const tables = await database.query<{ name: string }>(`
    SELECT relname AS name FROM pg_class WHERE relnamespace = '__segment_reverse_etl'::regnamespace AND relkind = 'r'`);
  const names = tables.rows.map(({ name }) => name);
  const found = names.filter((name) => /^[di]_.*_\d+_\d+$/.test(name));
  for (const name of names.filter((other) => other.startsWith('syncs_'))) {
    const open = await database.query<{ number: string }>(`
      SELECT number FROM __segment_reverse_etl.${name}
      WHERE finished_at IS NULL OR added + updated + deleted <> succeeded + failed + not_sent + excluded OR processed <> succeeded + failed`);
    found.push(...open.rows.map(({ number }) => `sync ${number} in ${name}`));
  }
  return found;
}

/** Takes a lock that nobody can even read past, or in mode EXCLUSIVE one that nobody can write past. Returns how to give it back. */
export async function lockTable({ database }: Rig, table: string, mode: 'ACCESS EXCLUSIVE' | 'EXCLUSIVE' = 'ACCESS EXCLUSIVE'): Promise<() => Promise<void>> {
  const holder = await database.connect();
  const release = async (): Promise<void> => {
    await holder.query('ROLLBACK');
    holder.release();
  };
  try {
    await holder.query(`BEGIN; LOCK TABLE ${table} IN ${mode} MODE`);
    return release;
  } catch (error) {
    await release();
    throw error;
  }
}

/** Waits until a statement of Sluice waits for a lock, of those that begin so. */
export async function someoneWaits({ database }: Rig, statement = ''): Promise<void> {
  await eventually('a statement waits for the lock', async () => {
    const waiting = await database.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sluice' AND wait_event_type = 'Lock' AND starts_with(trim(query, E' \n'), $1)`,
      [statement],
    );
    return waiting.rowCount !== 0;
  });
}
