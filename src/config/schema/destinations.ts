import { z } from 'zod';
import type { DestinationConfig } from '../configuration.js';
import { fromFolder, type SchemaContext } from './context.js';
import { address, count, duration, resolvedText, text } from './fields.js';
import { s3Keys } from './s3.js';

function headers(context: SchemaContext) {
  const isValue = (resolved: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(resolved);
  return z.record(
    z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/),
    resolvedText(context, isValue, 'is no header value, expected one line of Latin-1 text (does a variable end in a line break?)'),
  );
}

/** The keys that every destination has. What suits an API, where each request is small, is slow for a table or a file. */
function deliveryLimits(defaults: { readonly batchSize: number; readonly batchBytes: number }) {
  return {
    batchSize: count.default(defaults.batchSize),
    batchBytes: count.default(defaults.batchBytes),
    concurrency: count.default(4),
    rateLimit: z
      .strictObject({ records: count, per: duration() })
      .transform(({ records, per }) => ({ records, perMs: per }))
      .nullable()
      .default(null),
    timeout: duration().prefault('30s'),
    giveUpAfter: duration().prefault('5m'),
  };
}

const apiLimits = deliveryLimits({ batchSize: 500, batchBytes: 5_000_000 });
const bulkLimits = deliveryLimits({ batchSize: 5_000, batchBytes: 20_000_000 });

function inMs<Config extends { timeout: number; giveUpAfter: number }>({ timeout, giveUpAfter, ...config }: Config) {
  return { ...config, timeoutMs: timeout, giveUpAfterMs: giveUpAfter };
}

/** Another kind of destination is one more member of this union, and of `DestinationConfig`. */
export function destinationSchema(context: SchemaContext): z.ZodType<DestinationConfig> {
  const webhook = z
    .strictObject({
      type: z.literal('webhook'),
      url: address(context, ['http:', 'https:']),
      headers: headers(context).default({}),
      method: z.enum(['POST', 'PUT', 'PATCH']).default('POST'),
      gzip: z.boolean().default(false),
      signing: z.strictObject({ secret: text }).nullable().default(null),
      tls: tls(context).nullable().default(null),
      ...apiLimits,
    })
    .transform(inMs);
  return z.discriminatedUnion('type', [webhook, postgres(context), file(context), module(context), segment]);
}

const segment = z
  .strictObject({
    type: z.literal('segment'),
    slug: text,
    action: text,
    syncMode: z.enum(['mirror', 'upsert', 'add', 'update', 'delete']).nullable().default(null),
    settings: z.record(z.string(), z.json()).default({}),
    hook: z.strictObject({ inputs: z.record(z.string(), z.json()).default({}), outputs: z.record(z.string(), z.json()).nullable().default(null) }).nullable().default(null),
    ...apiLimits,
  })
  .transform(inMs);

/** A client certificate is of no use without its key, nor a key without its certificate. */
function tls(context: SchemaContext) {
  const path = text.transform((file) => fromFolder(context, file)).optional();
  return z.strictObject({ caFile: path, certFile: path, keyFile: path }).transform(({ caFile = null, certFile, keyFile }, ctx) => {
    if (certFile !== undefined && keyFile !== undefined) return { caFile, client: { certFile, keyFile } };
    if (certFile === undefined && keyFile === undefined) return { caFile, client: null };
    ctx.addIssue({ code: 'custom', path: [certFile === undefined ? 'certFile' : 'keyFile'], message: 'is missing, expected both certFile and keyFile for a client certificate' });
    return z.NEVER;
  });
}

function postgres(context: SchemaContext) {
  return z
    .strictObject({
      type: z.literal('postgres'),
      url: address(context, ['postgres:', 'postgresql:']),
      table: text.regex(/^[^.]+(\.[^.]+)?$/, 'is no table, expected schema.table, without quotes'),
      key: text.default('id'),
      write: z.enum(['upsert', 'insert', 'update']).default('upsert'),
      ...bulkLimits,
    })
    .transform(inMs);
}

const onS3 = 's3://';

function isPathOrBucket(path: string): boolean {
  return !path.startsWith(onS3) || /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/|$)/.test(path);
}

function file(context: SchemaContext) {
  return z
    .strictObject({
      type: z.literal('file'),
      path: resolvedText(context, isPathOrBucket, 'names no bucket, expected s3://bucket/prefix').transform((path) => (path.startsWith(onS3) ? path : fromFolder(context, path))),
      ...s3Keys(context),
      format: z.enum(['jsonl', 'csv']).default('jsonl'),
      columns: z.array(text).min(1).optional(),
      gzip: z.boolean().default(false),
      ...bulkLimits,
    })
    .superRefine((config, ctx) => {
      if (config.path.startsWith(onS3) || config.path.startsWith('${')) return;
      for (const key of ['region', 'endpoint', 'credentials'] as const) {
        if (config[key] !== null) ctx.addIssue({ code: 'custom', path: [key], message: 'belongs to a path that starts with s3:// only' });
      }
    })
    .transform(({ format, columns, region, endpoint, forcePathStyle, credentials, ...config }, ctx) => {
      const common = { ...inMs(config), s3: { region, endpoint, forcePathStyle, credentials } };
      if (format === 'csv' && columns !== undefined) return { ...common, format, columns };
      if (format === 'jsonl' && columns === undefined) return { ...common, format, columns: null };
      ctx.addIssue({ code: 'custom', path: ['columns'], message: format === 'csv' ? 'is missing, expected the list of columns of the CSV files' : 'belongs to format csv only' });
      return z.NEVER;
    });
}

function module(context: SchemaContext) {
  return z
    .strictObject({
      type: z.literal('module'),
      path: text.transform((path) => fromFolder(context, path)),
      settings: z.record(z.string(), z.json()).default({}),
      ...apiLimits,
    })
    .transform(inMs);
}
