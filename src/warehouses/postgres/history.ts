import type pg from 'pg';
import type { Extracted } from '../../domain/books.js';
import { syncIdOf } from '../../domain/subscription.js';
import type { FinalSyncStatus, SyncResult, SyncTrigger } from '../../domain/sync.js';
import type { PostgresClient } from './client.js';
import { tableNames, type TableNames } from './names.js';

/** A row of `syncs_<subscription_id>`, as the driver gives it: bigint as text. */
export interface SyncColumns {
  readonly number: string;
  readonly epoch: string;
  readonly attempt: number | null;
  readonly status: 'in_progress' | FinalSyncStatus;
  readonly trigger: SyncTrigger;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly to_send: string;
  readonly added: string;
  readonly updated: string;
  readonly deleted: string;
  readonly rejected: string;
  readonly processed: string;
  readonly succeeded: string;
  readonly failed: string;
  readonly not_sent: string;
  readonly excluded: string;
  readonly more_to_extract: boolean;
  readonly resent_for_columns: string;
  readonly error: string | null;
  /** Absent from tables of an earlier version. */
  readonly ambiguous?: string;
}

/** False before a subscription's first sync. */
export async function hasStateTables(connection: pg.PoolClient, tables: TableNames): Promise<boolean> {
  const exists = await connection.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [tables.syncs]);
  return exists.rows[0]?.there === true;
}

/** The settled syncs of a subscription, newest first. Empty where nothing has run yet. */
export async function readHistory(client: PostgresClient, subscriptionId: string, limit: number): Promise<readonly SyncResult[]> {
  const tables = tableNames(client.settings.stateSchema, subscriptionId);
  return client.transaction(async (connection) => {
    if (!(await hasStateTables(connection, tables))) return [];
    const rows = await connection.query<SyncColumns>(`SELECT * FROM ${tables.syncs} WHERE finished_at IS NOT NULL ORDER BY number DESC LIMIT $1`, [limit]);
    return rows.rows.map((row) => asSyncResult(subscriptionId, row));
  });
}

/** What the diff counted, from a row of `syncs_`. */
export function extractedOf(row: Pick<SyncColumns, 'added' | 'updated' | 'deleted' | 'rejected'>): Extracted {
  return { added: Number(row.added), updated: Number(row.updated), deleted: Number(row.deleted), rejected: Number(row.rejected) };
}

/** Only for settled rows. */
export function asSyncResult(subscriptionId: string, row: SyncColumns): SyncResult {
  return {
    syncId: syncIdOf(subscriptionId, Number(row.number)),
    subscriptionId,
    status: row.status === 'in_progress' ? 'failed' : row.status,
    trigger: row.trigger,
    startedAt: row.started_at.toISOString(),
    finishedAt: (row.finished_at ?? row.started_at).toISOString(),
    extracted: extractedOf(row),
    processed: Number(row.processed),
    succeeded: Number(row.succeeded),
    failed: Number(row.failed),
    ambiguous: Number(row.ambiguous ?? 0),
    notSent: Number(row.not_sent),
    excluded: Number(row.excluded),
    moreToExtract: row.more_to_extract,
    resentForColumns: Number(row.resent_for_columns),
    error: row.error,
  };
}
