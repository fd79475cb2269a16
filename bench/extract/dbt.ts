import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Peer } from './peer.js';
import { installPython, runCommand } from './python.js';

const schema = 'dbt_snapshots';

const snapshot = `{% snapshot customers_snapshot %}
{{ config(target_schema='${schema}', unique_key='id', strategy='check', check_cols='all', hard_deletes='invalidate') }}
select * from public.customers
{% endsnapshot %}
`;

export async function installDbt(folder: string, databaseUrl: string): Promise<Peer> {
  const commands = await installPython(folder, 'dbt-environment', ['dbt-core<1.11', 'dbt-postgres<1.11']);
  return new DbtSnapshot(join(commands, 'dbt'), join(folder, 'dbt'), databaseUrl);
}

/** Its extract is one `dbt snapshot`. */
class DbtSnapshot extends Peer {
  readonly name = 'dbt snapshot';
  protected readonly stateTable = `${schema}.customers_snapshot`;

  constructor(
    private readonly command: string,
    private readonly project: string,
    databaseUrl: string,
  ) {
    super(databaseUrl);
  }

  async reset(): Promise<void> {
    await this.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await rm(this.project, { recursive: true, force: true });
    await mkdir(join(this.project, 'snapshots'), { recursive: true });
    await writeFile(join(this.project, 'dbt_project.yml'), 'name: bench\nprofile: bench\nsnapshot-paths: [snapshots]\nflags: {send_anonymous_usage_stats: false}\n');
    await writeFile(join(this.project, 'profiles.yml'), profileOf(new URL(this.databaseUrl)));
    await writeFile(join(this.project, 'snapshots/customers.sql'), snapshot);
  }

  async extract(): Promise<null> {
    await runCommand(this.command, ['snapshot', '--quiet'], this.project);
    return null;
  }
}

/** JSON is YAML. */
function profileOf({ hostname: host, port, username: user, password, pathname }: URL): string {
  const output = { type: 'postgres', host, port: Number(port), user, password, dbname: pathname.slice(1), schema: 'public', threads: 1 };
  return JSON.stringify({ bench: { target: 'bench', outputs: { bench: output } } });
}
