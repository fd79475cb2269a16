import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Peer } from './peer.js';
import { installPython, runCommand } from './python.js';

const schema = 'drt_bench';
const syncName = 'customers';

/** What `drt run` does with `incremental_strategy: diff` before it sends anything: its snapshot diff, each row read, and the new snapshot kept. */
const program = `
import sys
from drt.config.profiles import PostgresProfile
from drt.sources.postgres import PostgresSource
host, port, user, password, dbname = sys.argv[1:]
profile = PostgresProfile(type="postgres", host=host, port=int(port), user=user, password=password, dbname=dbname, managed_schema="${schema}")
source = PostgresSource()
diff = source.extract_snapshot_diff("select * from public.customers", profile, sync_name="${syncName}", key_columns=["id"], hash_columns="all")
for rows in (diff.added, diff.changed, diff.removed_keys):
    for row in rows:
        pass
source.commit_snapshot_diff(profile, "${syncName}")
`;

export async function installDrt(folder: string, databaseUrl: string): Promise<Peer> {
  const commands = await installPython(folder, 'drt-environment', ['drt-core[postgres]==1.2.1']);
  const file = join(folder, 'drt_diff.py');
  await writeFile(file, program);
  return new DrtDiff(join(commands, 'python'), file, folder, databaseUrl);
}

/** Its extract is its diff alone: it makes no JSON and stages nothing. */
class DrtDiff extends Peer {
  readonly name = 'drt diff';
  protected readonly stateTable = `${schema}."_drt_snapshot_${syncName}"`;

  constructor(
    private readonly python: string,
    private readonly file: string,
    private readonly folder: string,
    databaseUrl: string,
  ) {
    super(databaseUrl);
  }

  async reset(): Promise<void> {
    await this.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  }

  async extract(): Promise<null> {
    const { hostname, port, username, password, pathname } = new URL(this.databaseUrl);
    await runCommand(this.python, [this.file, hostname, port, username, password, pathname.slice(1)], this.folder);
    return null;
  }
}
