import { FencedError } from '../../errors/errors.js';
import { checkOwner, type StateOwner } from '../owner.js';
import type { OpenAnswer, OpenRequest, SyncRef } from '../warehouse.js';
import type { DuckdbClient, Session } from './client.js';
import { checksumAlgorithm } from './columns.js';
import { hasStateTables } from './history.js';
import { tableNames, type TableNames } from './names.js';
import { createStateTables, takeTurn } from './tables.js';

/** Step 0 of a sync: the next number becomes a row, so that no number is ever used twice, whatever happens to Temporal. */
export async function openSync(client: DuckdbClient, request: OpenRequest): Promise<OpenAnswer> {
  const { subscription, owner } = request;
  const tables = tableNames(client.settings.stateSchema, subscription.id);
  return client.transaction(async (session) => {
    if (!(await hasStateTables(session, client.settings.stateSchema, subscription.id))) await createStateTables(session, client.settings.stateSchema, tables);
    await checkState(session, tables, request);
    const [known] = await session.rows<SyncRow>(
      `SELECT number, epoch, started_at, request_key FROM ${tables.syncs} WHERE request_key = $1 OR finished_at IS NULL ORDER BY number`,
      [request.requestKey],
    );
    if (known !== undefined) {
      const sync: SyncRef = { subscriptionId: subscription.id, number: known.number, epoch: known.epoch };
      return known.request_key === request.requestKey ? { kind: 'opened', sync, startedAt: known.started_at.toISOString() } : { kind: 'unsettled', sync };
    }
    const [opened] = await session.rows<SyncRow>(
      `INSERT INTO ${tables.syncs} (number, epoch, owner, request_key, trigger, destination, status)
       SELECT coalesce(max(number), 0) + 1, 1, $1, $2, $3, $4, 'in_progress' FROM ${tables.syncs} RETURNING number, epoch, started_at, request_key`,
      [owner, request.requestKey, request.trigger, subscription.destination],
    );
    if (opened === undefined) throw new FencedError(`no sync could be opened for subscription "${subscription.id}"`);
    return { kind: 'opened', sync: { subscriptionId: subscription.id, number: opened.number, epoch: opened.epoch }, startedAt: opened.started_at.toISOString() };
  });
}

interface SyncRow {
  readonly number: number;
  readonly epoch: number;
  readonly started_at: Date;
  readonly request_key: string;
}

async function checkState(session: Session, tables: TableNames, request: OpenRequest): Promise<void> {
  const { subscription, owner, destinationIdentity } = request;
  await takeTurn(session, tables);
  const [state] = await session.rows<StateOwner>(`SELECT owner, destination_identity FROM ${tables.state}`);
  if (state !== undefined) {
    checkOwner(state, request);
    return;
  }
  const values = [owner, destinationIdentity, checksumAlgorithm, subscription.initialSync === 'baseline'];
  await session.run(`INSERT INTO ${tables.state} (owner, destination_identity, algorithm, baseline_pending) VALUES ($1, $2, $3, $4)`, values);
  await session.run(`INSERT INTO ${tables.checkpoints} VALUES ($1, $2, NULL)`, [subscription.model.source, subscription.model.name]);
}

/** FencedError unless the sync is still open under its epoch. Whoever takes it over meanwhile changes each row of it that the caller may go on to write. */
export async function checkOpenSync(session: Session, tables: TableNames, sync: SyncRef): Promise<void> {
  const open = await session.rows(`SELECT 1 AS one FROM ${tables.syncs} WHERE number = $1 AND epoch = $2 AND finished_at IS NULL`, [sync.number, sync.epoch]);
  if (open.length === 0) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} is no longer open: it was settled or taken over`);
}

/** The same, for a step that must not happen at the same moment as another that takes the turn: such as taking the sync over, or settling it. */
export async function holdOpenSync(session: Session, tables: TableNames, sync: SyncRef): Promise<void> {
  await checkOpenSync(session, tables, sync);
  await takeTurn(session, tables);
}
