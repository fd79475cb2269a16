import type { CheckItem } from '../../contract/reports.js';
import type { Model } from '../../domain/subscription.js';
import { SluiceError } from '../../errors/errors.js';
import { checked } from '../checked.js';
import { checkColumns } from '../model-checks.js';
import type { SnowflakeClient } from './client.js';
import { describeModel } from './columns.js';
import { isMissing } from './errors.js';
import { asWritten, partsOf, quote, schemaName, stageName } from './names.js';
import type { Session } from './session.js';
import type { SnowflakeUnload } from './settings.js';
import { unloadedBlocks, unloadFolder } from './unload.js';

/** What a sync needs of a source. What is tried is taken back at once; the connection comes first, because nothing else can be said without it. */
export async function checkAccess(client: SnowflakeClient, models: readonly Model[], signal: AbortSignal): Promise<readonly CheckItem[]> {
  const { stateSchema, warehouse, stateWarehouse, unload } = client.settings;
  const items = [{ what: 'connects, with the role and the database of this source', problem: await client.use({ signal }, loginProblem) }];
  items.push(await checked(`runs statements on warehouse "${warehouse}"`, () => client.use({ bulk: true, signal }, runsProblem)));
  if (stateWarehouse !== null) items.push(await checked(`runs statements on warehouse "${stateWarehouse}"`, () => client.use({ signal }, runsProblem)));
  items.push(await checked(`keeps its state in schema "${stateSchema}"`, () => client.use({ signal }, (session) => stateProblem(session, client))));
  if (unload !== null) items.push(await checked(`unloads to stage ${unload.stage}, and reads it in bucket "${unload.store.bucket}"`, () => unloadProblem(client, unload, signal)));
  for (const model of models) items.push(await checked(`reads model "${model.name}"`, () => modelProblem(client, model)));
  return items;
}

/** A login succeeds with a role or a database that isn't there for this user: the session then has none. */
async function loginProblem(session: Session): Promise<string | null> {
  const at = await session.first<{ role: string | null; database: string | null }>('SELECT CURRENT_ROLE() AS "role", CURRENT_DATABASE() AS "database"');
  if (at?.role === null || at === undefined) return 'the session has no role: grant the user the role of this source, or give the user a default role';
  return at.database === null ? 'the session has no database: its name is wrong, or the role lacks USAGE on it' : null;
}

async function runsProblem(session: Session): Promise<string | null> {
  // Without a table, metadata alone would answer.
  await session.run('SELECT COUNT(*) AS "rows" FROM TABLE(GENERATOR(ROWCOUNT => 1))');
  return null;
}

/** A table that no subscription's can be mistaken for is made, filled, changed and dropped. */
async function stateProblem(session: Session, client: SnowflakeClient): Promise<string | null> {
  const schema = schemaName(client.settings);
  // Subscription ids have no upper case.
  const table = `${schema}.${quote('CHECK')}`;
  const made = await makeCheckTable(session, schema, table);
  try {
    await session.run(`MERGE INTO ${table} AS "t" USING (SELECT 1 AS "one") AS "s" ON "t"."one" = "s"."one" WHEN MATCHED THEN DELETE`);
  } finally {
    await session.run(`DROP TABLE IF EXISTS ${table}`);
    if (made === 'schema') await session.run(`DROP SCHEMA IF EXISTS ${schema}`);
  }
  return null;
}

async function makeCheckTable(session: Session, schema: string, table: string): Promise<'table' | 'schema'> {
  const create = `CREATE OR REPLACE TRANSIENT TABLE ${table} AS SELECT 1 AS "one"`;
  try {
    await session.run(create);
    return 'table';
  } catch (error) {
    if (!isMissing(error)) throw error;
    // It becomes the session's current schema.
    session.sound = false;
    await session.run(`CREATE SCHEMA ${schema}`);
    await session.run(create);
    return 'schema';
  }
}

/** A record is unloaded, read, and removed again. */
async function unloadProblem(client: SnowflakeClient, unload: SnowflakeUnload, signal: AbortSignal): Promise<string | null> {
  // Subscription ids have no upper case.
  const folder = unloadFolder(client.settings, 'CHECK');
  const query = `SELECT '0\\t{}' AS "record"`;
  let records = 0;
  for await (const { ends } of unloadedBlocks(client, unload, { errand: { signal }, folder, query, shape: { chunks: 1, batchSize: 1 } })) records += ends.length;
  return records === 1 ? null : `one record was unloaded, and ${records} came`;
}

/** Describing a query compiles it, which asks for every right that running it does. */
async function modelProblem(client: SnowflakeClient, model: Model): Promise<string | null> {
  checkColumns(model, await describeModel(client, model.query));
  return null;
}

/** The least that the role of this source needs. What a model reads is found by asking Snowflake to explain its plan, which takes the grants that are missing: then it is said. */
export async function grants(client: SnowflakeClient, models: readonly Model[], signal: AbortSignal): Promise<readonly string[]> {
  const { database, warehouse, stateWarehouse, role, unload } = client.settings;
  const current = role ?? (await client.use({ signal }, (session) => session.first<{ role: string | null }>('SELECT CURRENT_ROLE() AS "role"')))?.role ?? '';
  const to = `TO ROLE ${asWritten(current)};`;
  const found = await Promise.all(models.map((model) => objectsOf(client, model, signal)));
  const objects = new Set(found.flatMap(({ objects: names }) => names));
  const schemas = new Set([...objects].map((name) => storedParts(name).slice(0, 2).join('.')));
  const databases = new Set([asWritten(database), ...[...schemas].map((name) => storedParts(name)[0] ?? '')]);
  return [
    ...[...new Set([warehouse, stateWarehouse ?? warehouse])].map((name) => `GRANT USAGE ON WAREHOUSE ${asWritten(name)} ${to}`),
    ...[...databases].sort().map((name) => `GRANT USAGE ON DATABASE ${name} ${to}`),
    `CREATE SCHEMA IF NOT EXISTS ${schemaName(client.settings)};`,
    `GRANT USAGE, CREATE TABLE ON SCHEMA ${schemaName(client.settings)} ${to}`,
    ...[...schemas].sort().map((name) => `GRANT USAGE ON SCHEMA ${name} ${to}`),
    ...[...objects].sort().map((name) => `GRANT SELECT ON ${name} ${to}`),
    ...(unload === null ? [] : stageGrants(unload, to)),
    ...found.flatMap(({ unknown }) => unknown),
  ];
}

/** A stage that has a storage integration lends it to who may use the stage. */
function stageGrants({ stage, store }: SnowflakeUnload, to: string): readonly string[] {
  const [database = '', schema = ''] = partsOf(stage).map(asWritten);
  return [
    `GRANT USAGE ON DATABASE ${database} ${to}`,
    `GRANT USAGE ON SCHEMA ${database}.${schema} ${to}`,
    `GRANT USAGE ON STAGE ${stageName(stage)} ${to}`,
    `-- the stage has to be external, on s3://${store.bucket}/${store.prefix}, with a storage integration or credentials that may write there`,
    '-- the credentials of unload.store have to list that place, and to read and delete the objects in it',
  ];
}

interface Plan {
  readonly Operations?: readonly (readonly { readonly objects?: readonly string[] }[])[];
}

/** The tables that a model's plan scans, each as a quoted, qualified name. */
async function objectsOf(client: SnowflakeClient, model: Model, signal: AbortSignal): Promise<{ readonly objects: readonly string[]; readonly unknown: readonly string[] }> {
  try {
    const row = await client.use({ signal }, (session) => session.first<Readonly<Record<string, string>>>(`EXPLAIN USING JSON SELECT * FROM (\n${model.query}\n)`));
    const plan = JSON.parse(Object.values(row ?? {})[0] ?? '{}') as Plan;
    const names = (plan.Operations ?? []).flat().flatMap(({ objects = [] }) => objects);
    return { objects: names.map((name) => storedParts(name).join('.')), unknown: [] };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const message = error.message.replaceAll('\n', ' ');
    return { objects: [], unknown: [`-- model "${model.name}" cannot be read yet, so what it reads is not known: grant what is missing, then run this again`, `--   ${message}`] };
  }
}

/** The quoted parts of a name. Unquoted ones stand as they are stored. */
function storedParts(name: string): readonly string[] {
  return partsOf(name).map((part) => (part.startsWith('"') ? part : quote(part)));
}
