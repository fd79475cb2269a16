import type { Model } from '../../domain/subscription.js';
import { quoteInexactNumbers } from '../exact-numbers.js';
import { checkColumns } from '../model-checks.js';
import type { Sample, SampledRecord } from '../warehouse.js';
import type { DuckdbClient } from './client.js';
import { describe, identifierOf, jsonExpression, modelSource } from './columns.js';
import { literal } from './names.js';

/** Some of a model's records, in no order, written as the diff would write them. */
export async function sampleModel(client: DuckdbClient, model: Model, which: { readonly limit: number; readonly recordId?: string }, signal: AbortSignal): Promise<Sample> {
  return client.transaction(
    async (session) => {
      const described = await describe(session, model.query);
      checkColumns(model, described.columns);
      const identifier = identifierOf(model, described);
      const filter = which.recordId === undefined ? '' : `WHERE ${identifier} = ${literal(which.recordId)}`;
      const records = await session.rows<SampledRecord>(
        `SELECT ${identifier} AS "recordId", ${jsonExpression(described)} AS properties FROM ${modelSource(model, described)} ${filter} LIMIT ${which.limit}`,
      );
      return { columns: described.columns, records: records.map((record) => ({ ...record, properties: quoteInexactNumbers(record.properties) })) };
    },
    { signal, rollBack: true },
  );
}
