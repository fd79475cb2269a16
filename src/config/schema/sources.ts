import { z } from 'zod';
import type { SnowflakeAuth } from '../../warehouses/snowflake/settings.js';
import type { SourceConfig } from '../configuration.js';
import { limits } from '../../domain/limits.js';
import { fromFolder, type SchemaContext } from './context.js';
import { address, count, duration, exactlyOneOf, text } from './fields.js';
import { s3Location } from './s3.js';

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

const name = '(?:[A-Za-z_][A-Za-z0-9_$]*|"(?:[^"]|"")+")';
/** It stands in SQL, with each name quoted. */
const stage = z.string().regex(new RegExp(`^${name}\\.${name}\\.${name}$`), 'is no name of a stage, expected DATABASE.SCHEMA.STAGE');

export function sourceSchema(context: SchemaContext): z.ZodType<SourceConfig> {
  const postgres = z
    .strictObject({ type: z.literal('postgres'), url: address(context, ['postgres:', 'postgresql:']), ...sourceLimits })
    .transform(({ statementTimeout, ...config }) => ({ ...config, statementTimeoutMs: statementTimeout }));
  const snowflake = z
    .strictObject({
      type: z.literal('snowflake'),
      account: text,
      username: text,
      password: text.optional(),
      privateKey: text.optional(),
      privateKeyFile: text.transform((file) => fromFolder(context, file)).optional(),
      oauthToken: text.optional(),
      accessToken: text.optional(),
      privateKeyPassphrase: text.nullable().default(null),
      database: text,
      schema: text.nullable().default(null),
      warehouse: text,
      stateWarehouse: text.nullable().default(null),
      role: text.nullable().default(null),
      accessUrl: address(context, ['https:', 'http:']).nullable().default(null),
      queryTag: z.string().max(200).nullable().default(null),
      unload: z.strictObject({ stage, store: s3Location(context) }).nullable().default(null),
      ...sourceLimits,
    })
    .superRefine(exactlyOneOf(['password', 'privateKey', 'privateKeyFile', 'oauthToken', 'accessToken']))
    .transform(({ statementTimeout, password, privateKey, privateKeyFile, oauthToken, accessToken, privateKeyPassphrase, ...config }) => ({
      ...config,
      auth: authOf({ password, privateKey, privateKeyFile, oauthToken, accessToken }, privateKeyPassphrase),
      statementTimeoutMs: statementTimeout,
    }));
  const duckdb = z
    .strictObject({
      type: z.literal('duckdb'),
      path: text.transform((file) => (file.startsWith('md:') ? file : fromFolder(context, file))),
      token: text.nullable().default(null),
      memoryLimit: z.string().regex(/^[1-9]\d* ?[KMGT]i?B$/, 'is no size, expected a number with its unit: 100MB or 2GB').nullable().default(null),
      threads: count.default(1),
      ...sourceLimits,
      // DuckDB uses all its threads for one statement; several at once would only share its memory.
      maxConcurrentDiffs: count.default(1),
    })
    .transform(({ statementTimeout, ...config }) => ({ ...config, statementTimeoutMs: statementTimeout }));
  return z.discriminatedUnion('type', [postgres, snowflake, duckdb]);
}

type Credentials = Partial<Record<'password' | 'privateKey' | 'privateKeyFile' | 'oauthToken' | 'accessToken', string | undefined>>;

/** One of them is there, which has been checked. */
function authOf({ password, privateKey, privateKeyFile, oauthToken, accessToken }: Credentials, passphrase: string | null): SnowflakeAuth {
  if (password !== undefined) return { kind: 'password', password };
  if (privateKey !== undefined) return { kind: 'key', key: privateKey, passphrase };
  if (oauthToken !== undefined) return { kind: 'oauth', token: oauthToken };
  if (accessToken !== undefined) return { kind: 'accessToken', token: accessToken };
  return { kind: 'keyFile', file: privateKeyFile ?? '', passphrase };
}
