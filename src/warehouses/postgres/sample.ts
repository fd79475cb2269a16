import type { Model } from '../../domain/subscription.js';
import { quoteInexactNumbers } from '../exact-numbers.js';
import type { Sample } from '../warehouse.js';
import type { PostgresClient } from './client.js';
import { checkedColumns, identifierOf, modelSource } from './columns.js';
import { jsonExpression } from './record-json.js';

/** Some of a model's records, in no order, written as the diff would write them. */
export async function sampleModel(client: PostgresClient, model: Model, which: { readonly limit: number; readonly recordId?: string }, signal: AbortSignal): Promise<Sample> {
  return client.transaction(
    async (connection) => {
      const columns = await checkedColumns(connection, client.source, model);
      const identifier = identifierOf(model, columns);
      const records = await connection.query<{ recordId: string | null; properties: string }>(
        `SELECT ${identifier} AS "recordId", ${jsonExpression(columns, 'model')} AS properties FROM ${modelSource(model, columns)}
         WHERE $1::text IS NULL OR ${identifier} = $1 LIMIT $2`,
        [which.recordId ?? null, which.limit],
      );
      return { columns, records: records.rows.map((record) => ({ ...record, properties: quoteInexactNumbers(record.properties) })) };
    },
    { signal, rollBack: true },
  );
}
