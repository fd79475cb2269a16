import { codes, driverError, isMissing } from './errors.js';
import { literal, schemaName, type TableNames } from './names.js';
import type { Session } from './session.js';
import type { SnowflakeSettings } from './settings.js';

/** What a subscription's state begins with. */
export interface FirstState {
  readonly owner: string;
  readonly destinationIdentity: string;
  readonly algorithm: number;
  readonly baselinePending: boolean;
  readonly source: string;
  readonly model: string;
}

/**
 * Makes what is missing of the managed schema, outside of any transaction: DDL would commit it. `records_` and `checkpoints_` are the source document's ("Reverse ETL
 * Schema"); the others are ours. Snowflake enforces no primary keys, so there are none: one row an id is what the statements see to. `state_` comes last and with its row:
 * where it is, everything is, and of two workers that meet here one makes it.
 */
export async function createStateTables(session: Session, settings: SnowflakeSettings, tables: TableNames, first: FirstState): Promise<void> {
  try {
    await createAll(session, tables, first);
  } catch (error) {
    if (!isMissing(error)) throw error;
    // Not there yet: asking for it when it is would take a right that the role need not have. It becomes the session's current schema, in which no model should look.
    session.sound = false;
    await session.run(`CREATE SCHEMA IF NOT EXISTS ${schemaName(settings)}`);
    await createAll(session, tables, first);
  }
}

async function createAll(session: Session, tables: TableNames, first: FirstState): Promise<void> {
  for (const [table, columns] of statements(tables)) await session.run(`CREATE TABLE IF NOT EXISTS ${table} (${columns})`);
  await createWithRow(session, tables.checkpoints, {
    source_id: text(first.source),
    model_id: text(first.model),
    checkpoint: 'CAST(NULL AS TIMESTAMP_NTZ)',
  });
  await createWithRow(session, tables.state, {
    owner: text(first.owner),
    destination_identity: text(first.destinationIdentity),
    algorithm: number(first.algorithm),
    baseline_pending: first.baselinePending ? 'TRUE' : 'FALSE',
    full_diff_at: 'CAST(NULL AS TIMESTAMP_NTZ)',
    model_digest: 'CAST(NULL AS VARCHAR)',
    columns: 'CAST(NULL AS VARCHAR)',
    ledger: number('NULL'),
  });
}

/** A table and its one row at once, by whoever is first. */
async function createWithRow(session: Session, table: string, values: Readonly<Record<string, string>>): Promise<void> {
  try {
    await session.run(`CREATE TABLE ${table} AS SELECT ${Object.entries(values).map(([name, value]) => `${value} AS "${name}"`).join(', ')}`);
  } catch (error) {
    if (driverError(error).code !== codes.alreadyExists) throw error;
  }
}

const text = (value: string): string => `CAST(${literal(value)} AS VARCHAR)`;
const number = (value: number | 'NULL'): string => `CAST(${value} AS NUMBER(38,0))`;

/** Times are in UTC, without a zone. */
function statements(tables: TableNames): readonly (readonly [table: string, columns: string])[] {
  return [
    [tables.records, '"record_id" VARCHAR NOT NULL, "checksum" VARCHAR'],
    [
      tables.failures,
      `"record_id" VARCHAR NOT NULL, "operation" VARCHAR NOT NULL, "checksum" VARCHAR, "maybe_delivered" BOOLEAN NOT NULL, "attempts" NUMBER(38,0) NOT NULL,
       "first_failed_at" TIMESTAMP_NTZ NOT NULL, "last_failed_at" TIMESTAMP_NTZ NOT NULL, "reason" VARCHAR NOT NULL, "expired" BOOLEAN NOT NULL, "code" VARCHAR`,
    ],
    [tables.rejections, '"sync" NUMBER(38,0) NOT NULL, "record_id" VARCHAR, "records" NUMBER(38,0) NOT NULL, "reason" VARCHAR NOT NULL'],
    [
      tables.syncs,
      `"number" NUMBER(38,0) NOT NULL, "epoch" NUMBER(38,0) NOT NULL, "owner" VARCHAR NOT NULL, "request_key" VARCHAR NOT NULL, "trigger" VARCHAR NOT NULL, "status" VARCHAR NOT NULL,
       "started_at" TIMESTAMP_NTZ NOT NULL, "finished_at" TIMESTAMP_NTZ, "attempt" NUMBER(38,0), "work" VARCHAR, "to_send" NUMBER(38,0) DEFAULT 0, "chunk_count" NUMBER(38,0) DEFAULT 0,
       "started_chunks" NUMBER(38,0) DEFAULT 0, "added" NUMBER(38,0) DEFAULT 0, "updated" NUMBER(38,0) DEFAULT 0, "deleted" NUMBER(38,0) DEFAULT 0, "rejected" NUMBER(38,0) DEFAULT 0,
       "processed" NUMBER(38,0) DEFAULT 0, "succeeded" NUMBER(38,0) DEFAULT 0, "failed" NUMBER(38,0) DEFAULT 0, "ambiguous" NUMBER(38,0) DEFAULT 0, "not_sent" NUMBER(38,0) DEFAULT 0,
       "excluded" NUMBER(38,0) DEFAULT 0, "more_to_extract" BOOLEAN DEFAULT FALSE, "resent_for_columns" NUMBER(38,0) DEFAULT 0, "full_diff" BOOLEAN, "model_digest" VARCHAR,
       "columns" VARCHAR, "checkpoint" TIMESTAMP_NTZ, "destination" VARCHAR NOT NULL, "granted" NUMBER(38,0), "beyond_quota" NUMBER(38,0) DEFAULT 0, "usage" VARCHAR DEFAULT '{}', "error" VARCHAR,
       "staged" VARCHAR, "replayed" NUMBER(38,0), "superseded" NUMBER(38,0) DEFAULT 0`,
    ],
    [
      tables.chunks,
      `"sync" NUMBER(38,0) NOT NULL, "epoch" NUMBER(38,0) NOT NULL, "chunk" NUMBER(38,0) NOT NULL, "records" NUMBER(38,0) NOT NULL, "file" VARCHAR NOT NULL, "sha256" VARCHAR NOT NULL,
       "holder" VARCHAR, "lease_until" TIMESTAMP_NTZ, "finished_at" TIMESTAMP_NTZ, "finished_on" VARCHAR, "succeeded" NUMBER(38,0) DEFAULT 0, "failed" NUMBER(38,0) DEFAULT 0,
       "not_sent" NUMBER(38,0) DEFAULT 0`,
    ],
    [tables.outcomes, '"sync" NUMBER(38,0) NOT NULL, "chunk" NUMBER(38,0) NOT NULL, "record_id" VARCHAR NOT NULL, "outcome" VARCHAR NOT NULL, "reason" VARCHAR NOT NULL, "code" VARCHAR'],
  ];
}
