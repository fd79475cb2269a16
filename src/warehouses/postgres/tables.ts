import type pg from 'pg';
import { quote, type TableNames } from './names.js';

/**
 * Makes what is missing of the managed schema. `records_` and `checkpoints_` are the source document's ("Reverse ETL Schema"); the others are ours.
 * Record ids compare bytewise, so that equality is identity and order never depends on a locale.
 */
export async function createStateTables(client: pg.PoolClient, schema: string, tables: TableNames): Promise<void> {
  // Two workers may meet here; CREATE … IF NOT EXISTS alone can fail on a unique violation in the catalogue.
  const exists = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  if (exists.rowCount === 0) {
    await lock(client, schema);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${quote(schema)}`);
  }
  await lock(client, tables.syncs);
  await client.query(`
    CREATE TABLE IF NOT EXISTS ${tables.records} (record_id text COLLATE "C" PRIMARY KEY, checksum bigint);
    CREATE TABLE IF NOT EXISTS ${tables.checkpoints} (source_id text, model_id text, checkpoint timestamptz);
    CREATE TABLE IF NOT EXISTS ${tables.failures} (
      record_id text COLLATE "C" PRIMARY KEY,
      operation text NOT NULL,
      checksum bigint,
      maybe_delivered boolean NOT NULL,
      attempts int NOT NULL,
      first_failed_at timestamptz NOT NULL,
      last_failed_at timestamptz NOT NULL,
      reason text NOT NULL,
      expired boolean NOT NULL DEFAULT false,
      code text);
    CREATE TABLE IF NOT EXISTS ${tables.rejections} (sync bigint NOT NULL, record_id text COLLATE "C", records bigint NOT NULL, reason text NOT NULL);
    CREATE TABLE IF NOT EXISTS ${tables.syncs} (
      number bigint PRIMARY KEY,
      epoch bigint NOT NULL,
      owner text NOT NULL,
      request_key text NOT NULL UNIQUE,
      trigger text NOT NULL,
      status text NOT NULL,
      started_at timestamptz NOT NULL DEFAULT now(),
      finished_at timestamptz,
      attempt int,
      to_send bigint NOT NULL DEFAULT 0,
      chunk_count int NOT NULL DEFAULT 0,
      started_chunks int NOT NULL DEFAULT 0,
      added bigint NOT NULL DEFAULT 0,
      updated bigint NOT NULL DEFAULT 0,
      deleted bigint NOT NULL DEFAULT 0,
      rejected bigint NOT NULL DEFAULT 0,
      processed bigint NOT NULL DEFAULT 0,
      succeeded bigint NOT NULL DEFAULT 0,
      failed bigint NOT NULL DEFAULT 0,
      not_sent bigint NOT NULL DEFAULT 0,
      excluded bigint NOT NULL DEFAULT 0,
      more_to_extract boolean NOT NULL DEFAULT false,
      resent_for_columns bigint NOT NULL DEFAULT 0,
      full_diff boolean,
      model_digest text,
      columns jsonb,
      checkpoint timestamptz,
      destination text NOT NULL,
      granted bigint,
      beyond_quota bigint NOT NULL DEFAULT 0,
      usage jsonb NOT NULL DEFAULT '{}',
      error text,
      ambiguous bigint NOT NULL DEFAULT 0,
      staged jsonb,
      replayed bigint,
      superseded bigint NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS ${tables.state} (
      owner text NOT NULL,
      destination_identity text NOT NULL,
      algorithm int NOT NULL,
      baseline_pending boolean NOT NULL,
      full_diff_at timestamptz,
      model_digest text,
      columns jsonb,
      ledger bigint);
    CREATE TABLE IF NOT EXISTS ${tables.chunks} (
      sync bigint NOT NULL,
      chunk int NOT NULL,
      records bigint NOT NULL,
      file text NOT NULL,
      sha256 text NOT NULL,
      holder text,
      lease_until timestamptz,
      finished_at timestamptz,
      finished_on text,
      succeeded bigint NOT NULL DEFAULT 0,
      failed bigint NOT NULL DEFAULT 0,
      not_sent bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (sync, chunk));
    CREATE TABLE IF NOT EXISTS ${tables.outcomes} (sync bigint NOT NULL, chunk int NOT NULL, record_id text COLLATE "C" NOT NULL, outcome text NOT NULL, reason text NOT NULL, code text);
  `);
  await addLaterColumns(client, tables);
}

/** Brings tables of an earlier version up to date, first thing in a transaction that needs it: a sync may have begun under that version. Nothing but one look where they are. */
export async function updateStateTables(client: pg.PoolClient, tables: TableNames): Promise<void> {
  if (await areCurrent(client, tables)) return;
  await lock(client, tables.syncs);
  if (!(await areCurrent(client, tables))) await addLaterColumns(client, tables);
}

/** True where there are no tables at all: those that will be made are current. */
async function areCurrent(client: pg.PoolClient, tables: TableNames): Promise<boolean> {
  const found = await client.query<{ current: boolean }>(
    `SELECT to_regclass($1) IS NULL OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'superseded') AS current`,
    [tables.syncs],
  );
  return found.rows[0]?.current === true;
}

/** The last column of `syncs_` tells that all are there. */
async function addLaterColumns(client: pg.PoolClient, tables: TableNames): Promise<void> {
  await client.query(`
    ALTER TABLE ${tables.syncs} ADD COLUMN IF NOT EXISTS ambiguous bigint NOT NULL DEFAULT 0, ADD COLUMN IF NOT EXISTS staged jsonb,
      ADD COLUMN IF NOT EXISTS replayed bigint, ADD COLUMN IF NOT EXISTS superseded bigint NOT NULL DEFAULT 0;
    ALTER TABLE ${tables.failures} ADD COLUMN IF NOT EXISTS code text;
    ALTER TABLE ${tables.outcomes} ADD COLUMN IF NOT EXISTS code text`);
}

/** Until the transaction ends. */
async function lock(client: pg.PoolClient, name: string): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
}
