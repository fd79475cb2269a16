import { mkdtemp, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CheckItem } from '../../contract/reports.js';
import type { Model } from '../../domain/subscription.js';
import { checked } from '../checked.js';
import { checkColumns } from '../model-checks.js';
import type { DuckdbClient, Session } from './client.js';
import { describe } from './columns.js';
import { literal, quote } from './names.js';

/** What a sync needs of a source, tried in transactions that are undone. Opening the file comes first, because nothing else can be said without it. */
export async function checkAccess(client: DuckdbClient, models: readonly Model[], signal: AbortSignal): Promise<readonly CheckItem[]> {
  const { path, stateSchema } = client.settings;
  const opened = await checked('opens the database and may write it', () => client.transaction(writeProblem, { signal, rollBack: true }));
  const items = [opened, await checked('writes beside the database', async () => (path.startsWith('md:') ? null : folderProblem(path)))];
  if (opened.problem !== null) return items;
  items.push(await checked(`keeps its state in schema "${stateSchema}"`, () => client.transaction((session) => stateProblem(session, stateSchema), { signal, rollBack: true })));
  for (const model of models) items.push(await checked(`reads model "${model.name}"`, () => client.transaction((session) => modelProblem(session, model), { signal, rollBack: true })));
  return items;
}

/** DuckDB has no roles: the operating system gives the permissions. */
export async function grants(client: DuckdbClient, models: readonly Model[], signal: AbortSignal): Promise<readonly string[]> {
  const { path, stateSchema } = client.settings;
  const places = path.startsWith('md:')
    ? ['-- MotherDuck gives rights to whole databases: the token of this source has to be a read-write one of an account that may write the database.']
    : [
        '-- A DuckDB file has no roles; the operating system decides. The user that runs the worker has to be allowed to',
        `--   read and write ${path}`,
        `--   write in ${dirname(path)}, where the write-ahead log and temporary files stand beside it`,
      ];
  return [...places, `CREATE SCHEMA IF NOT EXISTS ${quote(stateSchema)};`, ...(await Promise.all(models.map((model) => readingOf(client, model, signal)))).flat()];
}

async function readingOf(client: DuckdbClient, model: Model, signal: AbortSignal): Promise<readonly string[]> {
  const { problem } = await checked(model.name, () => client.transaction((session) => modelProblem(session, model), { signal, rollBack: true }));
  return problem === null ? [] : [`-- model "${model.name}" cannot be read yet: ${problem.replaceAll('\n', ' ')}`];
}

async function folderProblem(path: string): Promise<string | null> {
  const folder = dirname(path);
  try {
    await rmdir(await mkdtemp(join(folder, '.sluice-check-')));
    return null;
  } catch {
    return `the folder ${folder} cannot be written: the write-ahead log and temporary files stand there, beside the database; let the user of the worker write in it`;
  }
}

async function writeProblem(session: Session): Promise<string | null> {
  // A name that no table of ours has: those carry a subscription id, which has no upper case.
  await session.run('CREATE TABLE main."CHECK" AS SELECT 1 AS one');
  const [database] = await session.rows<{ readonly: boolean }>('SELECT readonly FROM duckdb_databases() WHERE database_name = current_database()');
  return database?.readonly === true ? 'the database is open for reading only, and Sluice keeps its state in it' : null;
}

async function stateProblem(session: Session, schema: string): Promise<string | null> {
  await session.run(`CREATE SCHEMA IF NOT EXISTS ${quote(schema)}`);
  await session.run(`CREATE TABLE ${quote(schema)}."CHECK" AS SELECT ${literal('x')} AS one`);
  return null;
}

async function modelProblem(session: Session, model: Model): Promise<string | null> {
  checkColumns(model, (await describe(session, model.query)).columns);
  return null;
}
