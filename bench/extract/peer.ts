import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';
import type { Contender } from './contender.js';

/** A published program that finds changes in a table, with the project files that make it do so. */
interface PeerProgram {
  readonly name: string;
  readonly requirements: readonly string[];
  /** Within the virtual environment. */
  readonly command: readonly [string, ...string[]];
  /** The schema that it keeps its state in. */
  readonly schema: string;
  /** Contents by path within the project's folder, which is its home folder too. */
  files(database: URL): Readonly<Record<string, string>>;
}

const dbt: PeerProgram = {
  name: 'dbt snapshot',
  requirements: ['dbt-core<1.11', 'dbt-postgres<1.11'],
  command: ['dbt', 'snapshot', '--quiet'],
  schema: 'dbt_snapshots',
  files: (database) => ({
    'dbt_project.yml': 'name: bench\nversion: "1"\nprofile: bench\nsnapshot-paths: [snapshots]\nflags: {send_anonymous_usage_stats: false}\n',
    'profiles.yml': yamlOf({ bench: { target: 'bench', outputs: { bench: { type: 'postgres', ...connectionOf(database), schema: 'public', threads: 1 } } } }),
    'snapshots/customers.sql':
      `{% snapshot customers_snapshot %}{{ config(target_schema='dbt_snapshots', unique_key='id', strategy='check', check_cols='all', hard_deletes='invalidate') }}\n` +
      'select * from public.customers\n{% endsnapshot %}\n',
  }),
};

const drt: PeerProgram = {
  name: 'drt, diff to a file',
  requirements: ['drt-core[postgres]==1.2.1'],
  command: ['drt', 'run'],
  schema: '_drt',
  files: (database) => ({
    'drt_project.yml': yamlOf({ name: 'bench', version: '1', profile: 'bench' }),
    '.drt/profiles.yml': yamlOf({ bench: { type: 'postgres', ...connectionOf(database) } }),
    'syncs/customers.yml': yamlOf({
      name: 'customers',
      model: 'select * from public.customers',
      destination: { type: 'file', path: 'customers.jsonl', format: 'jsonl', upsert_key: ['id'] },
      sync: { mode: 'upsert', incremental_strategy: 'diff', batch_size: 10_000 },
    }),
  }),
};

/** Installs the peers from PyPI into a folder of their own; asks for Python 3 with its venv module. */
export async function installPeers(folder: string, databaseUrl: string): Promise<readonly Contender[]> {
  await run('python3', ['-m', 'venv', join(folder, 'venv')], folder, folder);
  await run(join(folder, 'venv/bin/pip'), ['install', '--quiet', ...dbt.requirements, ...drt.requirements], folder, folder);
  return [dbt, drt].map((program) => new Peer(program, folder, databaseUrl));
}

/** Its extract is one run of its command. It keeps its state itself, so nothing is left to settle. */
class Peer implements Contender {
  readonly name: string;
  private readonly home: string;

  constructor(
    private readonly program: PeerProgram,
    private readonly folder: string,
    private readonly databaseUrl: string,
  ) {
    this.name = program.name;
    this.home = join(folder, program.command[0]);
  }

  async reset(): Promise<void> {
    await this.query(`DROP SCHEMA IF EXISTS ${this.program.schema} CASCADE`);
    await rm(this.home, { recursive: true, force: true });
    for (const [path, content] of Object.entries(this.program.files(new URL(this.databaseUrl)))) {
      await mkdir(dirname(join(this.home, path)), { recursive: true });
      await writeFile(join(this.home, path), content);
    }
  }

  async begin(): Promise<void> {
    // one command does everything
  }

  async extract(): Promise<null> {
    const [command, ...args] = this.program.command;
    await run(join(this.folder, 'venv/bin', command), args, this.home, this.home);
    return null;
  }

  async acknowledge(): Promise<void> {
    // it takes everything for delivered
  }

  async settle(): Promise<void> {
    // done already
  }

  async stateBytes(): Promise<number> {
    const rows = await this.query<{ bytes: string }>(
      `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) AS bytes FROM pg_class AS c WHERE relkind = 'r' AND relnamespace::regnamespace::text = '${this.program.schema}'`,
    );
    return Number(rows[0]?.bytes);
  }

  private async query<Row extends pg.QueryResultRow>(text: string): Promise<readonly Row[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }
}

function connectionOf(database: URL): Record<string, string | number> {
  return { host: database.hostname, port: Number(database.port), user: database.username, password: database.password, dbname: database.pathname.slice(1) };
}

/** JSON is YAML. */
function yamlOf(value: object): string {
  return JSON.stringify(value);
}

async function run(command: string, args: readonly string[], cwd: string, home: string): Promise<void> {
  const child = spawn(command, args, { cwd, env: { ...process.env, HOME: home, DO_NOT_TRACK: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-2_000)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args[0] ?? ''} ended with ${code ?? 'a signal'}; its last output:\n${output}`);
}
