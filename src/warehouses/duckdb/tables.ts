import type { Session } from './client.js';
import { quote, type TableNames } from './names.js';

/**
 * Makes what is missing of the managed schema. `records_` and `checkpoints_` are the source document's ("Reverse ETL Schema"); the others are ours.
 * No table has an index: DuckDB keeps whole indexes in memory, and joins by hashing anyway.
 */
export async function createStateTables(session: Session, schema: string, tables: TableNames): Promise<void> {
  await session.run(`CREATE SCHEMA IF NOT EXISTS ${quote(schema)}`);
  await session.run(`CREATE TABLE IF NOT EXISTS ${tables.records} (record_id VARCHAR COLLATE "binary", checksum HUGEINT)`);
  await session.run(`CREATE TABLE IF NOT EXISTS ${tables.checkpoints} (source_id VARCHAR, model_id VARCHAR, checkpoint TIMESTAMPTZ)`);
  await session.run(`
    CREATE TABLE IF NOT EXISTS ${tables.failures} (
      record_id VARCHAR COLLATE "binary",
      operation VARCHAR NOT NULL,
      checksum HUGEINT,
      maybe_delivered BOOLEAN NOT NULL,
      attempts INTEGER NOT NULL,
      first_failed_at TIMESTAMPTZ NOT NULL,
      last_failed_at TIMESTAMPTZ NOT NULL,
      reason VARCHAR NOT NULL,
      expired BOOLEAN NOT NULL DEFAULT false,
      code VARCHAR)`);
  await session.run(`CREATE TABLE IF NOT EXISTS ${tables.rejections} (sync BIGINT NOT NULL, record_id VARCHAR COLLATE "binary", records BIGINT NOT NULL, reason VARCHAR NOT NULL)`);
  await session.run(`
    CREATE TABLE IF NOT EXISTS ${tables.syncs} (
      number BIGINT NOT NULL,
      epoch BIGINT NOT NULL,
      owner VARCHAR NOT NULL,
      request_key VARCHAR NOT NULL,
      trigger VARCHAR NOT NULL,
      status VARCHAR NOT NULL,
      started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
      finished_at TIMESTAMPTZ,
      attempt INTEGER,
      to_send BIGINT NOT NULL DEFAULT 0,
      chunk_count INTEGER NOT NULL DEFAULT 0,
      started_chunks INTEGER NOT NULL DEFAULT 0,
      added BIGINT NOT NULL DEFAULT 0,
      updated BIGINT NOT NULL DEFAULT 0,
      deleted BIGINT NOT NULL DEFAULT 0,
      rejected BIGINT NOT NULL DEFAULT 0,
      processed BIGINT NOT NULL DEFAULT 0,
      succeeded BIGINT NOT NULL DEFAULT 0,
      failed BIGINT NOT NULL DEFAULT 0,
      ambiguous BIGINT NOT NULL DEFAULT 0,
      not_sent BIGINT NOT NULL DEFAULT 0,
      excluded BIGINT NOT NULL DEFAULT 0,
      more_to_extract BOOLEAN NOT NULL DEFAULT false,
      resent_for_columns BIGINT NOT NULL DEFAULT 0,
      full_diff BOOLEAN,
      model_digest VARCHAR,
      columns JSON,
      checkpoint TIMESTAMPTZ,
      destination VARCHAR NOT NULL,
      granted BIGINT,
      beyond_quota BIGINT NOT NULL DEFAULT 0,
      usage JSON NOT NULL DEFAULT '{}',
      error VARCHAR,
      staged JSON,
      replayed BIGINT,
      superseded BIGINT NOT NULL DEFAULT 0)`);
  await session.run(`
    CREATE TABLE IF NOT EXISTS ${tables.state} (
      owner VARCHAR NOT NULL,
      destination_identity VARCHAR NOT NULL,
      algorithm INTEGER NOT NULL,
      baseline_pending BOOLEAN NOT NULL,
      full_diff_at TIMESTAMPTZ,
      model_digest VARCHAR,
      columns JSON,
      ledger BIGINT,
      turn BIGINT NOT NULL DEFAULT 0)`);
  await session.run(`
    CREATE TABLE IF NOT EXISTS ${tables.chunks} (
      sync BIGINT NOT NULL,
      chunk INTEGER NOT NULL,
      epoch BIGINT NOT NULL,
      records BIGINT NOT NULL,
      file VARCHAR NOT NULL,
      sha256 VARCHAR NOT NULL,
      holder VARCHAR,
      lease_until TIMESTAMPTZ,
      finished_at TIMESTAMPTZ,
      finished_on VARCHAR,
      succeeded BIGINT NOT NULL DEFAULT 0,
      failed BIGINT NOT NULL DEFAULT 0,
      not_sent BIGINT NOT NULL DEFAULT 0)`);
  await session.run(`
    CREATE TABLE IF NOT EXISTS ${tables.outcomes} (sync BIGINT NOT NULL, chunk INTEGER NOT NULL, record_id VARCHAR COLLATE "binary" NOT NULL, outcome VARCHAR NOT NULL, reason VARCHAR NOT NULL, code VARCHAR)`);
}

/**
 * For steps of a subscription that must not happen at the same moment. Nothing waits for a lock in DuckDB: of two transactions that write one row, the later fails
 * and is done anew. Writing the row of a chunk would not do for its lease: between an update and a deletion of one row DuckDB tells no conflict, so a lease could be had of a sync that is being settled.
 */
export async function takeTurn(session: Session, tables: TableNames): Promise<void> {
  await session.run(`UPDATE ${tables.state} SET turn = turn + 1`);
}
