import type pg from 'pg';
import { chunkCountFor } from '../../domain/chunks.js';
import { limits } from '../../domain/limits.js';
import { operationsSentBy, type Model, type Operation } from '../../domain/subscription.js';
import { FencedError } from '../../errors/errors.js';
import type { DiffRequest, DiffResult, ModelColumn, SyncRef } from '../warehouse.js';
import { checksumExpression, checkColumns, describeModel, identifierOf, jsonExpression, modelSource } from './columns.js';
import type { PostgresClient } from './client.js';
import { literal, tableNames, type TableNames } from './names.js';

/**
 * Steps 1 and 2 of a sync, in one transaction: either the delta, the intent and the counts are all there, or nothing is.
 * The delta (ids, operations, checksums, JSON) is unlogged, because losing it only means diffing again; the intent is logged.
 */
export async function diffModel(client: PostgresClient, request: DiffRequest, signal: AbortSignal): Promise<DiffResult> {
  const { sync, subscription } = request;
  const tables = tableNames(client.settings.stateSchema, subscription.id);
  const earlier = await client.transaction((connection) => readDiffResult(connection, tables, sync));
  if (earlier !== null) return earlier;
  const columns = await describeModel(client, subscription.model.query);
  checkColumns(subscription.model, columns);

  return client.transaction(
    async (connection) => {
      const delta = tables.delta(sync.number, request.attempt);
      const failing = await connection.query(`SELECT FROM ${tables.failures} LIMIT 1`);
      await connection.query(createDelta(delta, tables, subscription.model, columns, failing.rowCount !== 0));
      const rejected = await reject(connection, tables, delta, sync.number);
      const baseline = await connection.query<{ baseline_pending: boolean }>(`SELECT baseline_pending FROM ${tables.state}`);
      const sent: readonly Operation[] = baseline.rows[0]?.baseline_pending === true ? [] : operationsSentBy[subscription.syncMode];
      const counted = await connection.query<{ extracted: string; sendable: string }>(
        `SELECT count(*) AS extracted, count(*) FILTER (WHERE operation = ANY ($1)) AS sendable FROM ${delta} WHERE operation <> 'cleared'`,
        [sent],
      );
      const extracted = Number(counted.rows[0]?.extracted);
      const limit = client.settings.maxRecordsPerSync;
      const chunkCount = chunkCountFor(Math.min(Number(counted.rows[0]?.sendable), limit), request.chunking.batchSize, request.chunking.concurrency);
      const more = extracted > limit;
      await connection.query(createIntent(tables, sync.number, request.attempt, { sent, chunkCount, limit: more ? limit : null }));
      await registerDiff(connection, tables, request, { rejected, chunkCount, more });
      const result = await readDiffResult(connection, tables, sync);
      if (result === null) throw new FencedError(`sync ${subscription.id}-${sync.number} is no longer open, or another attempt has diffed it`);
      return result;
    },
    { bulk: true, signal },
  );
}

/**
 * Runs the model, once. `model` and `known` are fenced off with OFFSET 0 (which keeps them parallel), so that the checksum is computed once a row;
 * the JSON is only made where there is an operation.
 */
function createDelta(delta: string, tables: TableNames, model: Model, columns: readonly ModelColumn[], failures: boolean): string {
  return `
    CREATE UNLOGGED TABLE ${delta} AS
    SELECT record_id, count(present) AS copies, max(operation) AS operation, max(checksum) AS checksum, max(body COLLATE "C") AS body, bool_or(failing) AS failing
    FROM (
      SELECT coalesce(model.record_id, known.record_id) AS record_id, model.present, operation, model.checksum, known.failing,
        CASE WHEN operation IN ('new', 'updated', 'deleted') THEN ${jsonExpression(columns, 'model')} END AS body
      FROM (
        SELECT true AS present, ${identifierOf(model, columns)} AS record_id, ${checksumExpression(columns)} AS checksum, *
        FROM ${modelSource(model, columns)} OFFSET 0
      ) AS model
      FULL JOIN (${failures ? knownWithFailures(tables) : knownWithoutFailures(tables)} OFFSET 0) AS known ON known.record_id = model.record_id
      CROSS JOIN LATERAL (SELECT ${operationExpression} AS operation) AS compared
    ) AS changed
    GROUP BY record_id
    HAVING max(operation) IS NOT NULL OR count(present) > 1`;
}

function knownWithoutFailures(tables: TableNames): string {
  return `SELECT record_id, checksum, true AS acknowledged, false AS failing, false AS maybe_delivered, false AS expired, NULL::bigint AS failed_checksum, NULL::text AS failed_operation FROM ${tables.records}`;
}

function knownWithFailures(tables: TableNames): string {
  return `
    SELECT coalesce(r.record_id, f.record_id) AS record_id, r.checksum, r.record_id IS NOT NULL AS acknowledged, f.record_id IS NOT NULL AS failing,
      coalesce(f.maybe_delivered, false) AS maybe_delivered, coalesce(f.expired, false) AS expired, f.checksum AS failed_checksum, f.operation AS failed_operation
    FROM ${tables.records} AS r FULL JOIN ${tables.failures} AS f ON f.record_id = r.record_id`;
}

/**
 * What became of a record since the destination last acknowledged it; null when nothing did. A failure that is `maybe_delivered` is sent again whatever
 * its checksum; an expired one not until the model differs from the version that failed; one that has nothing left to send is 'cleared' from the list.
 */
const operationExpression = `
  CASE
    WHEN model.present IS NULL THEN CASE
      WHEN NOT known.acknowledged AND NOT known.maybe_delivered THEN 'cleared'
      WHEN known.expired AND known.failed_operation = 'deleted' THEN NULL
      ELSE 'deleted' END
    WHEN known.expired AND known.failed_operation <> 'deleted' AND known.failed_checksum = model.checksum THEN NULL
    WHEN known.acknowledged IS NOT TRUE OR known.checksum IS NULL THEN 'new'
    WHEN known.checksum <> model.checksum OR known.maybe_delivered THEN 'updated'
    WHEN known.failing THEN 'cleared'
  END`;

/** Most samples that one sync's rejections keep. */
const maxSamples = 1000;

/** Takes out of the delta what can't be sent, and counts it. A rejected record counts as present: it never becomes a deletion. */
async function reject(connection: pg.PoolClient, tables: TableNames, delta: string, number: number): Promise<number> {
  await connection.query(`DELETE FROM ${tables.rejections}`);
  const rejected = await connection.query<{ rejected: string }>(`
    WITH oversized AS (
      SELECT record_id, octet_length(body) AS bytes,
        (SELECT key || '" of ' || octet_length(value::text) FROM json_each(body::json) WHERE octet_length(value::text) > ${limits.valueBytes} LIMIT 1) AS largest
      FROM ${delta} WHERE octet_length(body) > ${limits.valueBytes}
    ), rejected AS (
      DELETE FROM ${delta} AS d
      WHERE d.record_id IS NULL OR d.copies > 1
         OR d.record_id IN (SELECT record_id FROM oversized WHERE bytes > ${limits.recordBytes} OR largest IS NOT NULL)
      RETURNING d.record_id, d.copies
    ), samples AS (
      INSERT INTO ${tables.rejections}
      SELECT ${number}, r.record_id, r.copies, CASE
        WHEN r.record_id IS NULL THEN 'the identifier is null'
        WHEN r.copies > 1 THEN 'the identifier occurs ' || r.copies || ' times'
        WHEN o.largest IS NOT NULL THEN 'column "' || o.largest || ' bytes is over the limit of ${limits.valueBytes}'
        ELSE 'the record of ' || o.bytes || ' bytes is over the limit of ${limits.recordBytes}' END
      FROM rejected AS r LEFT JOIN oversized AS o USING (record_id) LIMIT ${maxSamples}
    )
    SELECT coalesce(sum(copies), 0) AS rejected FROM rejected`);
  return Number(rejected.rows[0]?.rejected);
}

interface IntentPlan {
  readonly sent: readonly Operation[];
  readonly chunkCount: number;
  readonly limit: number | null;
}

/** The durable part of the delta. `chunk` is null for what is not sent. Over the limit failures go first, the rest in an order that differs from sync to sync, so that no row starves. */
function createIntent(tables: TableNames, number: number, attempt: number, plan: IntentPlan): string {
  const sent = plan.sent.map((operation) => literal(operation)).join(', ');
  const isSent = plan.sent.length === 0 ? 'false' : `operation IN (${sent})`;
  const chunk = `CASE WHEN ${isSent} THEN mod(hashtextextended(record_id, 1) & 9223372036854775807, ${Math.max(plan.chunkCount, 1)})::int END`;
  const cut = plan.limit === null ? '' : `ORDER BY operation = 'cleared' DESC, failing DESC, hashtextextended(record_id, ${number}) LIMIT ${plan.limit} + (SELECT count(*) FROM ${tables.delta(number, attempt)} WHERE operation = 'cleared')`;
  return `CREATE TABLE ${tables.intent(number, attempt)} AS SELECT record_id, operation, checksum, ${chunk} AS chunk FROM ${tables.delta(number, attempt)} ${cut}`;
}

/** Writes the counts into the sync's row, unless the sync was taken over or another attempt was first. */
async function registerDiff(
  connection: pg.PoolClient,
  tables: TableNames,
  request: DiffRequest,
  found: { readonly rejected: number; readonly chunkCount: number; readonly more: boolean },
): Promise<void> {
  const { sync, attempt } = request;
  await connection.query(
    `UPDATE ${tables.syncs} SET attempt = $3, rejected = $4, chunk_count = $5, more_to_extract = $6,
       added = counted.added, updated = counted.updated, deleted = counted.deleted, to_send = counted.to_send
     FROM (SELECT count(*) FILTER (WHERE operation = 'new') AS added, count(*) FILTER (WHERE operation = 'updated') AS updated,
             count(*) FILTER (WHERE operation = 'deleted') AS deleted, count(chunk) AS to_send FROM ${tables.intent(sync.number, attempt)}) AS counted
     WHERE number = $1 AND epoch = $2 AND attempt IS NULL AND finished_at IS NULL`,
    [sync.number, sync.epoch, attempt, found.rejected, found.chunkCount, found.more],
  );
}

async function readDiffResult(connection: pg.PoolClient, tables: TableNames, sync: SyncRef): Promise<DiffResult | null> {
  const found = await connection.query<Record<'added' | 'updated' | 'deleted' | 'rejected' | 'to_send' | 'chunk_count', string> & { more_to_extract: boolean }>(
    `SELECT added, updated, deleted, rejected, to_send, chunk_count, more_to_extract FROM ${tables.syncs} WHERE number = $1 AND epoch = $2 AND attempt IS NOT NULL`,
    [sync.number, sync.epoch],
  );
  const row = found.rows[0];
  if (row === undefined) return null;
  const extracted = { added: Number(row.added), updated: Number(row.updated), deleted: Number(row.deleted), rejected: Number(row.rejected) };
  const toSend = Number(row.to_send);
  const excluded = extracted.added + extracted.updated + extracted.deleted - toSend;
  return { extracted, toSend, chunkCount: toSend === 0 ? 0 : Number(row.chunk_count), excluded, moreToExtract: row.more_to_extract };
}
