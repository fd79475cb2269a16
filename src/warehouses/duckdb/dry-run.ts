import type { DryRun } from '../../contract/reports.js';
import { operationsSentBy, type Subscription } from '../../domain/subscription.js';
import { checkColumns } from '../model-checks.js';
import { resentCondition } from '../past.js';
import { recordsIn } from '../tally.js';
import type { DuckdbClient } from './client.js';
import { checksumAlgorithm, describe } from './columns.js';
import { runModel } from './diff.js';
import { hasStateTables } from './history.js';
import { tableNames } from './names.js';
import { readPast } from './past.js';
import { reject } from './rejections.js';
import { createStateTables } from './tables.js';
import { tally } from './tally.js';

/** The diff, in a transaction that is rolled back: also the tables of a subscription that has never run. */
export async function dryRun(client: DuckdbClient, subscription: Subscription, full: boolean, signal: AbortSignal): Promise<DryRun> {
  const { stateSchema, maxRecordsPerSync } = client.settings;
  const tables = tableNames(stateSchema, subscription.id);
  return client.transaction(
    async (session) => {
      const described = await describe(session, subscription.model.query);
      checkColumns(subscription.model, described.columns);
      if (!(await hasStateTables(session, stateSchema, subscription.id))) {
        await createStateTables(session, stateSchema, tables);
        await session.run(`INSERT INTO ${tables.state} (owner, destination_identity, algorithm, baseline_pending) VALUES ('', '', ${checksumAlgorithm}, ${subscription.initialSync === 'baseline'})`);
      }
      const delta = tables.delta(0, 0);
      const past = await readPast(session, tables, subscription.model, described, full);
      await runModel(session, tables, delta, subscription.model, described, past);
      const rejected = await reject(session, tables, delta, 0, past.since === null ? past.known : null);
      const left = await tally(session, delta);
      const sent = past.baselinePending ? [] : operationsSentBy[subscription.syncMode];
      const [resent] = await session.rows<{ records: number }>(`SELECT count(*) AS records FROM ${delta} WHERE operation = 'updated' AND ${resentCondition(past)}`);
      const extracted = { added: left.new, updated: left.updated, deleted: left.deleted, rejected };
      const moreToExtract = recordsIn(left, operationsSentBy.mirror) > maxRecordsPerSync;
      return { extracted, toSend: recordsIn(left, sent), scope: past.scope, resentForColumns: resent?.records ?? 0, moreToExtract };
    },
    { bulk: true, signal, rollBack: true },
  );
}
