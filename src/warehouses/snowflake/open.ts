import { FencedError } from '../../errors/errors.js';
import { checkOwner, type StateOwner } from '../owner.js';
import type { OpenAnswer, OpenRequest, SyncRef } from '../warehouse.js';
import type { Errand, SnowflakeClient } from './client.js';
import { checksumAlgorithm } from './columns.js';
import { isMissing } from './errors.js';
import { tableNames, type TableNames } from './names.js';
import type { Session } from './session.js';
import { createStateTables } from './tables.js';

/** Step 0 of a sync: the next number becomes a row, so that no number is ever used twice, whatever happens to Temporal. */
export async function openSync(client: SnowflakeClient, request: OpenRequest): Promise<OpenAnswer> {
  const { subscription, owner } = request;
  const tables = tableNames(client.settings, subscription.id);
  return withStateTables(client, tables, request, () =>
    client.transaction({ subscription: subscription.id }, async (session) => {
      await holdState(session, tables);
      const known = await session.run<OpenRow>(
        `SELECT "s"."owner" AS "owner", "s"."destination_identity" AS "destination_identity", "y"."number" AS "number", "y"."epoch" AS "epoch", "y"."started_at" AS "started_at",
           "y"."request_key" AS "request_key", (SELECT IFNULL(MAX("number"), 0) FROM ${tables.syncs}) AS "last", SYSDATE() AS "now"
         FROM ${tables.state} AS "s" LEFT JOIN ${tables.syncs} AS "y" ON "y"."request_key" = ? OR "y"."finished_at" IS NULL ORDER BY "y"."number"`,
        [request.requestKey],
      );
      const state = known.rows[0];
      if (state === undefined) throw new FencedError(`no sync could be opened for subscription "${subscription.id}"`);
      checkOwner(state, request);
      if (state.number !== null) {
        const sync: SyncRef = { subscriptionId: subscription.id, number: state.number, epoch: state.epoch };
        return state.request_key === request.requestKey ? { kind: 'opened', sync, startedAt: state.started_at.toISOString() } : { kind: 'unsettled', sync };
      }
      const startedAt = new Date(state.now.getTime()).toISOString();
      const number = state.last + 1;
      await session.run(
        `INSERT INTO ${tables.syncs} ("number", "epoch", "owner", "request_key", "trigger", "destination", "status", "started_at") SELECT ${number}, 1, ?, ?, ?, ?, 'in_progress', CAST(? AS TIMESTAMP_NTZ)`,
        [owner, request.requestKey, request.trigger, subscription.destination, startedAt.replace('T', ' ').replace('Z', '')],
      );
      return { kind: 'opened', sync: { subscriptionId: subscription.id, number, epoch: 1 }, startedAt };
    }),
  );
}

interface OpenRow extends StateOwner {
  readonly number: number | null;
  readonly epoch: number;
  readonly started_at: Date;
  readonly request_key: string;
  readonly last: number;
  readonly now: Date;
}

/** Does `work`, and once more after making the tables that it misses. Where they are, this costs nothing. */
async function withStateTables<T>(client: SnowflakeClient, tables: TableNames, request: Omit<OpenRequest, 'trigger' | 'requestKey'>, work: () => Promise<T>): Promise<T> {
  const { subscription, owner, destinationIdentity } = request;
  try {
    return await work();
  } catch (error) {
    if (!isMissing(error)) throw error;
    const first = { owner, destinationIdentity, algorithm: checksumAlgorithm, baselinePending: subscription.initialSync === 'baseline', source: subscription.model.source, model: subscription.model.name };
    await client.use({ subscription: subscription.id }, (session) => createStateTables(session, client.settings, tables, first));
  }
  return work();
}

/** False before a subscription's first sync. */
export async function hasStateTables(client: SnowflakeClient, tables: TableNames, errand: Errand): Promise<boolean> {
  return client.use(errand, async (session) => {
    try {
      await session.run(`SELECT 1 AS "one" FROM ${tables.state} LIMIT 1`);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  });
}

/** Until the transaction ends, nobody else changes the state's row: one sync opens at a time. */
export async function holdState(session: Session, tables: TableNames): Promise<void> {
  await session.run(`UPDATE ${tables.state} SET "algorithm" = "algorithm"`);
}

/** Holds the row of a sync that is still open under its epoch, until the transaction ends; FencedError when it is not. */
export async function holdOpenSync(session: Session, tables: TableNames, sync: SyncRef): Promise<void> {
  const held = await session.run(`UPDATE ${tables.syncs} SET "status" = "status" WHERE "number" = ${sync.number} AND "epoch" = ${sync.epoch} AND "finished_at" IS NULL`);
  if (held.changed === 0) throw new FencedError(`sync ${sync.subscriptionId}-${sync.number} is no longer open: it was settled or taken over`);
}

