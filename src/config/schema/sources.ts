import { z } from 'zod';
import type { SourceConfig } from '../configuration.js';
import { limits } from '../../domain/limits.js';
import { fromFolder, type SchemaContext } from './context.js';
import { address, count, duration, text } from './fields.js';

const sourceLimits = {
  // It stands in SQL: a plain identifier, as long as PostgreSQL's may be.
  stateSchema: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'is no schema name, expected at most 63 letters, digits or "_", and no digit first')
    .default('__segment_reverse_etl'),
  maxRecordsPerSync: count.max(limits.recordsPerSync).default(limits.recordsPerSync),
  statementTimeout: duration().prefault('6h'),
  maxConcurrentDiffs: count.default(4),
};

export function sourceSchema(context: SchemaContext): z.ZodType<SourceConfig> {
  const postgres = z
    .strictObject({ type: z.literal('postgres'), url: address(context, ['postgres:', 'postgresql:']), ...sourceLimits })
    .transform(({ statementTimeout, ...config }) => ({ ...config, statementTimeoutMs: statementTimeout }));
  const snowflake = z
    .strictObject({
      type: z.literal('snowflake'),
      account: text,
      username: text,
      privateKeyFile: text.transform((file) => fromFolder(context, file)),
      database: text,
      warehouse: text,
      role: text.nullable().default(null),
      accessUrl: address(context, ['https:', 'http:']).nullable().default(null),
      ...sourceLimits,
    })
    .transform(({ statementTimeout, ...config }) => ({ ...config, statementTimeoutMs: statementTimeout }));
  const duckdb = z
    .strictObject({
      type: z.literal('duckdb'),
      path: text.transform((file) => (file.startsWith('md:') ? file : fromFolder(context, file))),
      token: text.nullable().default(null),
      memoryLimit: z.string().regex(/^[1-9]\d* ?[KMGT]i?B$/, 'is no size, expected a number with its unit: 100MB or 2GB').default('128MB'),
      threads: count.default(2),
      ...sourceLimits,
      // DuckDB uses all its threads for one statement; several at once would only share its memory.
      maxConcurrentDiffs: count.default(1),
    })
    .transform(({ statementTimeout, ...config }) => ({ ...config, statementTimeoutMs: statementTimeout }));
  return z.discriminatedUnion('type', [postgres, snowflake, duckdb]);
}
