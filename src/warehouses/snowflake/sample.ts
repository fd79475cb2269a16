import type { Model } from '../../domain/subscription.js';
import { quoteInexactNumbers } from '../exact-numbers.js';
import { checkColumns } from '../model-checks.js';
import type { Sample } from '../warehouse.js';
import type { SnowflakeClient } from './client.js';
import { describeModel, identifierOf, jsonExpression, modelSource } from './columns.js';

/** Some of a model's records, in no order, written as the diff would write them. */
export async function sampleModel(client: SnowflakeClient, model: Model, which: { readonly limit: number; readonly recordId?: string }, signal: AbortSignal): Promise<Sample> {
  const columns = await describeModel(client, model.query);
  checkColumns(model, columns);
  const identifier = identifierOf(model, columns);
  const records = await client.use({ bulk: true, signal }, async (session) => {
    const only = which.recordId === undefined ? '' : `WHERE ${identifier} = ?`;
    const sql = `WITH ${modelSource(model, columns)} SELECT ${identifier} AS "recordId", ${jsonExpression(columns)} AS "properties" FROM "model" ${only} LIMIT ${which.limit}`;
    return (await session.run<{ recordId: string | null; properties: string }>(sql, which.recordId === undefined ? [] : [which.recordId])).rows;
  });
  return { columns, records: records.map(({ recordId, properties }) => ({ recordId, properties: quoteInexactNumbers(properties) })) };
}
