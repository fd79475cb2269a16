import type { DryRun } from '../../contract/reports.js';
import { operationsSentBy, type Subscription } from '../../domain/subscription.js';
import { checksumAlgorithm, checkedColumns } from './columns.js';
import { resentCondition } from '../past.js';
import { recordsIn } from '../tally.js';
import type { PostgresClient } from './client.js';
import { runModel } from './diff.js';
import { hasStateTables } from './history.js';
import { tableNames } from './names.js';
import { readPast } from './past.js';
import { reject } from './rejections.js';
import { createStateTables } from './tables.js';

/** The diff, in a transaction that is rolled back: also the tables of a subscription that has never run. */
export async function dryRun(client: PostgresClient, subscription: Subscription, full: boolean, signal: AbortSignal): Promise<DryRun> {
  const tables = tableNames(client.settings.stateSchema, subscription.id);
  return client.transaction(
    async (connection) => {
      const columns = await checkedColumns(connection, client.source, subscription.model);
      if (!(await hasStateTables(connection, tables))) {
        await createStateTables(connection, client.settings.stateSchema, tables);
        await connection.query(`INSERT INTO ${tables.state} VALUES ('', '', $1, $2)`, [checksumAlgorithm, subscription.initialSync === 'baseline']);
      }
      const past = await readPast(connection, tables, subscription.model, columns, full);
      const delta = await runModel(connection, tables, tables.delta(0, 0), subscription.model, columns, past);
      // The subscription's own list stays untouched, and unlocked for a sync that runs meanwhile.
      const rejections = tables.intent(0, 0);
      await connection.query(`CREATE TABLE ${rejections} (LIKE ${tables.rejections})`);
      const { rejected, left } = await reject(connection, { ...tables, rejections }, delta, 0);
      const sent = past.baselinePending ? [] : operationsSentBy[subscription.syncMode];
      const resent = await connection.query<{ records: string }>(`SELECT count(*) AS records FROM ${delta.table} WHERE operation = 'updated' AND ${resentCondition(past)}`);
      const extracted = { added: left.new, updated: left.updated, deleted: left.deleted, rejected };
      const moreToExtract = recordsIn(left, operationsSentBy.mirror) > client.settings.maxRecordsPerSync;
      return { extracted, toSend: recordsIn(left, sent), scope: past.scope, resentForColumns: Number(resent.rows[0]?.records), moreToExtract };
    },
    { bulk: true, signal, rollBack: true },
  );
}
