import { z } from 'zod';
import type { DestinationConfig } from '../configuration.js';
import type { SchemaContext } from './context.js';
import { address, count, duration, resolvedText, text } from './fields.js';

function headers(context: SchemaContext) {
  const isValue = (resolved: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(resolved);
  return z.record(
    z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/),
    resolvedText(context, isValue, 'is no header value, expected one line of Latin-1 text (does a variable end in a line break?)'),
  );
}

const deliveryLimits = {
  batchSize: count.default(500),
  batchBytes: count.default(5_000_000),
  concurrency: count.default(4),
  rateLimit: z
    .strictObject({ records: count, per: duration() })
    .transform(({ records, per }) => ({ records, perMs: per }))
    .nullable()
    .default(null),
  timeout: duration().prefault('30s'),
  giveUpAfter: duration().prefault('5m'),
};

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
      ...deliveryLimits,
    })
    .transform(({ timeout, giveUpAfter, ...config }) => ({ ...config, timeoutMs: timeout, giveUpAfterMs: giveUpAfter }));
  return z.discriminatedUnion('type', [webhook]);
}
