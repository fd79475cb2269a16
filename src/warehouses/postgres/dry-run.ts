import type { DryRun } from '../../contract/reports.js';
import { operationsSentBy, type Subscription } from '../../domain/subscription.js';
import { checkColumns, checksumAlgorithm, describeModel } from './columns.js';
import type { PostgresClient } from './client.js';
import { resentCondition, runModel } from './diff.js';
import { hasStateTables } from './history.js';
import { tableNames } from './names.js';
import { readPast } from './past.js';
import { reject } from './rejections.js';
import { createStateTables } from './tables.js';

/** The diff, in a transaction that is rolled back: also the tables of a subscription that has never run. */
export async function dryRun(client: PostgresClient, subscription: Subscription, full: boolean, signal: AbortSignal): Promise<DryRun> {
  const columns = await describeModel(client, subscription.model.query);
  checkColumns(subscription.model, columns);
  const tables = tableNames(client.settings.stateSchema, subscription.id);
  return client.transaction(
    async (connection) => {
      if (!(await hasStateTables(connection, tables))) {
        await createStateTables(connection, client.settings.stateSchema, tables);
        await connection.query(`INSERT INTO ${tables.state} VALUES ('', '', $1, $2)`, [checksumAlgorithm, subscription.initialSync === 'baseline']);
      }
      const delta = tables.delta(0, 0);
      const past = await readPast(connection, tables, subscription.model, columns, full);
      await runModel(connection, tables, delta, subscription.model, columns, past);
      // The subscription's own list stays untouched, and unlocked for a sync that runs meanwhile.
      const rejections = tables.intent(0, 0);
      await connection.query(`CREATE TABLE ${rejections} (LIKE ${tables.rejections})`);
      const rejected = await reject(connection, { ...tables, rejections }, delta, 0);
      const sent = past.baselinePending ? [] : operationsSentBy[subscription.syncMode];
      const counted = await connection.query<Record<'added' | 'updated' | 'deleted' | 'sent' | 'resent', string>>(
        `SELECT count(*) FILTER (WHERE operation = 'new') AS added, count(*) FILTER (WHERE operation = 'updated') AS updated,
           count(*) FILTER (WHERE operation = 'deleted') AS deleted, count(*) FILTER (WHERE operation = ANY ($1)) AS sent,
           count(*) FILTER (WHERE operation = 'updated' AND ${resentCondition(past)}) AS resent
         FROM ${delta}`,
        [sent],
      );
      const row = counted.rows[0];
      const extracted = { added: Number(row?.added), updated: Number(row?.updated), deleted: Number(row?.deleted), rejected };
      const moreToExtract = extracted.added + extracted.updated + extracted.deleted > client.settings.maxRecordsPerSync;
      return { extracted, toSend: Number(row?.sent), scope: past.scope, resentForColumns: Number(row?.resent), moreToExtract };
    },
    { bulk: true, signal, rollBack: true },
  );
}
