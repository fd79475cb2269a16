import { cpus, totalmem } from 'node:os';
import pg from 'pg';

/** What the figures were measured on, in one line for each fact. */
export async function describeMachine(databaseUrl: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const found = await client.query<{ version: string }>(`SELECT current_setting('server_version') AS version`);
    const [processor] = cpus();
    return [
      `${cpus().length} cores (${processor?.model ?? 'unknown'}), ${Math.round(totalmem() / 1024 ** 3)} GiB of memory`,
      `PostgreSQL ${found.rows[0]?.version ?? 'unknown'} (${serverFlags.join(', ')}), on the same machine`,
      ['Node.js', process.versions.node, ...process.execArgv].join(' '),
    ];
  } finally {
    await client.end();
  }
}

/**
 * A quarter of the memory for buffers, as PostgreSQL's manual advises.
 * Autovacuum and timed checkpoints would fall into one measurement and not into the next; both are done between measurements instead.
 */
export const serverFlags = [`shared_buffers=${Math.round(totalmem() / 4 / 1024 ** 3)}GB`, 'max_wal_size=8GB', 'autovacuum=off', 'checkpoint_timeout=1d'] as const;
