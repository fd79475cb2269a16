import type pg from 'pg';
import { FencedError } from '../../errors/errors.js';
import { checkOwner, type StateOwner } from '../owner.js';
import type { OpenAnswer, OpenRequest, SyncRef } from '../warehouse.js';
import { checksumAlgorithm } from './columns.js';
import type { PostgresClient, Query } from './client.js';
import { hasStateTables } from './history.js';
import { tableNames, type TableNames } from './names.js';
import { createStateTables, updateStateTables } from './tables.js';

/** Step 0 of a sync: the next number becomes a row, so that no number is ever used twice, whatever happens to Temporal. */
export async function openSync(client: PostgresClient, request: OpenRequest): Promise<OpenAnswer> {
  const { subscription, owner } = request;
  const tables = tableNames(client.settings.stateSchema, subscription.id);
  return client.transaction(async (connection) => {
    if (await hasStateTables(connection, tables)) await updateStateTables(connection, tables);
    else await createStateTables(connection, client.settings.stateSchema, tables);
    await checkState(connection, tables, request);
    const known = await connection.query<SyncRow>(
      `SELECT number, epoch, started_at, request_key, finished_at FROM ${tables.syncs} WHERE request_key = $1 OR finished_at IS NULL ORDER BY number`,
      [request.requestKey],
    );
    for (const row of known.rows) {
      const sync: SyncRef = { subscriptionId: subscription.id, number: Number(row.number), epoch: Number(row.epoch) };
      if (row.request_key === request.requestKey) return { kind: 'opened', sync, startedAt: row.started_at.toISOString() };
      return { kind: 'unsettled', sync };
    }
    const opened = await connection.query<SyncRow>(
      `INSERT INTO ${tables.syncs} (number, epoch, owner, request_key, trigger, destination, status)
       SELECT coalesce(max(number), 0) + 1, 1, $1, $2, $3, $4, 'in_progress' FROM ${tables.syncs} RETURNING number, epoch, started_at`,
      [owner, request.requestKey, request.trigger, subscription.destination],
    );
    const row = opened.rows[0];
    if (row === undefined) throw new FencedError(`no sync could be opened for subscription "${subscription.id}"`);
    const sync: SyncRef = { subscriptionId: subscription.id, number: Number(row.number), epoch: Number(row.epoch) };
    return { kind: 'opened', sync, startedAt: row.started_at.toISOString() };
  });
}

interface SyncRow {
  readonly number: string;
  readonly epoch: string;
  readonly started_at: Date;
  readonly request_key: string;
  readonly finished_at: Date | null;
}

/** What the records table holds was acknowledged by one destination, for one workspace; anything else needs a reset first. Holds the state's row, so that one sync opens at a time. */
async function checkState(connection: pg.PoolClient, tables: TableNames, request: OpenRequest): Promise<void> {
  const { subscription, owner, destinationIdentity } = request;
  const found = await connection.query<StateOwner>(`SELECT owner, destination_identity FROM ${tables.state} FOR UPDATE`);
  const state = found.rows[0];
  if (state === undefined) {
    await connection.query(`INSERT INTO ${tables.state} VALUES ($1, $2, $3, $4)`, [
      owner,
      destinationIdentity,
      checksumAlgorithm,
      subscription.initialSync === 'baseline',
    ]);
    await connection.query(`INSERT INTO ${tables.checkpoints} VALUES ($1, $2, NULL)`, [subscription.model.source, subscription.model.name]);
    return;
  }
  checkOwner(state, request);
}

/** Holds the row of a sync that is still open under its epoch, until the transaction ends; FencedError when it is not. */
export async function holdOpenSync(query: Query, tables: TableNames, sync: SyncRef, lock: 'SHARE' | 'UPDATE'): Promise<void> {
  const held = await query(openSyncRow(tables, lock), [sync.number, sync.epoch]);
  if (held.rowCount === 0) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} is no longer open: it was settled or taken over`);
}

/** The row of sync number `$1`, if it is open under epoch `$2`; held until the transaction ends. */
export function openSyncRow(tables: TableNames, lock: 'SHARE' | 'UPDATE'): string {
  return `SELECT 1 FROM ${tables.syncs} WHERE number = $1 AND epoch = $2 AND finished_at IS NULL FOR ${lock}`;
}
