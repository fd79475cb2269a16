import type { DryRun } from '../../contract/reports.js';
import { operationsSentBy, type Subscription } from '../../domain/subscription.js';
import { checkColumns } from '../model-checks.js';
import type { Past } from '../past.js';
import { recordsIn } from '../tally.js';
import type { ModelColumn } from '../warehouse.js';
import type { SnowflakeClient } from './client.js';
import { describeModel } from './columns.js';
import { deltaParts, vanishedFailures } from './delta.js';
import { tableNames, type TableNames } from './names.js';
import { hasStateTables } from './open.js';
import { readPast } from './past.js';
import { rejectsQuery } from './rejections.js';

/** The diff as one query that only counts: what makes tables would commit them. */
export async function dryRun(client: SnowflakeClient, subscription: Subscription, full: boolean, signal: AbortSignal): Promise<DryRun> {
  const { model } = subscription;
  const columns = await describeModel(client, model.query);
  checkColumns(model, columns);
  const tables = tableNames(client.settings, subscription.id);
  const errand = { subscription: subscription.id, signal };
  const hasRun = await hasStateTables(client, tables, errand);
  const past = hasRun ? (await client.use(errand, (session) => readPast(session, tables, model, columns, full))).past : beforeTheFirst(subscription);
  const counts = await client.use({ ...errand, bulk: true }, (session) => session.first<Counts>(countingQuery(tables, subscription, columns, past)));
  const left = { new: counts?.new ?? 0, updated: counts?.updated ?? 0, deleted: counts?.deleted ?? 0 };
  return {
    extracted: { added: left.new, updated: left.updated, deleted: left.deleted, rejected: counts?.rejected ?? 0 },
    toSend: recordsIn(left, past.baselinePending ? [] : operationsSentBy[subscription.syncMode]),
    scope: past.scope,
    resentForColumns: counts?.resent ?? 0,
    moreToExtract: recordsIn(left, operationsSentBy.mirror) > client.settings.maxRecordsPerSync,
  };
}

type Counts = Readonly<Record<'new' | 'updated' | 'deleted' | 'resent' | 'rejected', number>>;

function beforeTheFirst(subscription: Subscription): Past {
  const baselinePending = subscription.initialSync === 'baseline';
  return { baselinePending, scope: 'full', since: null, columnsChanged: false, formerChecksum: null, failures: false, known: 0 };
}

function countingQuery(tables: TableNames, { model }: Subscription, columns: readonly ModelColumn[], past: Past): string {
  const { since, formerChecksum, failures, known } = past;
  const { stages, selection } = deltaParts(tables, { model, columns, since, formerChecksum, failures, known: known > 0 });
  const vanished = failures ? `UNION ALL ${vanishedFailures('"found"', tables, columns)}` : '';
  const kept = (operation: string): string => `COUNT_IF("d"."operation" = '${operation}' AND "d"."record_id" IS NOT NULL AND "x"."record_id" IS NULL)`;
  return `
    WITH ${stages}, "found" AS (${selection}), "delta" AS (SELECT * FROM "found" ${vanished}), "rejects" AS (${rejectsQuery('"delta"')})
    SELECT ${kept('new')} AS "new", ${kept('updated')} AS "updated", ${kept('deleted')} AS "deleted", (SELECT IFNULL(SUM("records"), 0) FROM "rejects") AS "rejected",
      COUNT_IF("d"."operation" = 'updated' AND "x"."record_id" IS NULL AND ${past.formerChecksum === null ? String(past.columnsChanged).toUpperCase() : '"d"."reshaped"'}) AS "resent"
    FROM "delta" AS "d" LEFT JOIN "rejects" AS "x" ON "x"."record_id" = "d"."record_id"`;
}
