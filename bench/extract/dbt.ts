import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Contender } from './contender.js';

const requirements = ['dbt-core<1.11', 'dbt-postgres<1.11'];
const schema = 'dbt_snapshots';

const snapshot = `{% snapshot customers_snapshot %}
{{ config(target_schema='${schema}', unique_key='id', strategy='check', check_cols='all', hard_deletes='invalidate') }}
select * from public.customers
{% endsnapshot %}
`;

/** Installs dbt from PyPI into a folder of its own; asks for Python 3 with its venv module. */
export async function installDbt(folder: string, databaseUrl: string): Promise<Contender> {
  const environment = join(folder, 'venv');
  await run('python3', ['-m', 'venv', environment], folder);
  await run(join(environment, 'bin/pip'), ['install', '--quiet', ...requirements], folder);
  return new DbtSnapshot(join(environment, 'bin/dbt'), join(folder, 'dbt'), databaseUrl);
}

/** Its extract is one `dbt snapshot`. dbt keeps the state itself, so nothing is left to settle. */
class DbtSnapshot implements Contender {
  readonly name = 'dbt snapshot';

  constructor(
    private readonly command: string,
    private readonly project: string,
    private readonly databaseUrl: string,
  ) {}

  async reset(): Promise<void> {
    await this.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await rm(this.project, { recursive: true, force: true });
    await mkdir(join(this.project, 'snapshots'), { recursive: true });
    await writeFile(join(this.project, 'dbt_project.yml'), 'name: bench\nprofile: bench\nsnapshot-paths: [snapshots]\nflags: {send_anonymous_usage_stats: false}\n');
    await writeFile(join(this.project, 'profiles.yml'), profileOf(new URL(this.databaseUrl)));
    await writeFile(join(this.project, 'snapshots/customers.sql'), snapshot);
  }

  async begin(): Promise<void> {
    // one command does everything
  }

  async extract(): Promise<null> {
    await run(this.command, ['snapshot', '--quiet'], this.project);
    return null;
  }

  async acknowledge(): Promise<void> {
    // it takes everything for delivered
  }

  async settle(): Promise<void> {
    // done already
  }

  async stateBytes(): Promise<number> {
    const rows = await this.query<{ bytes: string }>(`SELECT pg_total_relation_size('${schema}.customers_snapshot') AS bytes`);
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

/** JSON is YAML. */
function profileOf({ hostname: host, port, username: user, password, pathname }: URL): string {
  const output = { type: 'postgres', host, port: Number(port), user, password, dbname: pathname.slice(1), schema: 'public', threads: 1 };
  return JSON.stringify({ bench: { target: 'bench', outputs: { bench: output } } });
}

async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const child = spawn(command, args, { cwd, env: { ...process.env, DO_NOT_TRACK: '1' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-2_000)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args[0] ?? ''} ended with ${code ?? 'a signal'}; its last output:\n${output}`);
}
