import assert from 'node:assert/strict';
import type { Configuration } from '../../src/config/index.js';
import type { Rig } from './sluice.js';
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
