import { z } from 'zod';
import type { SchemaContext } from './context.js';
import { address, text } from './fields.js';

/** A place in a bucket. */
export function s3Location(context: SchemaContext) {
  return z.strictObject(s3LocationKeys(context));
}

export function s3LocationKeys(context: SchemaContext) {
  return { bucket: text, prefix: z.string().default(''), ...s3Keys(context) };
}

/** How a store is reached, wherever one can be named. */
export function s3Keys(context: SchemaContext) {
  return {
    region: text.nullable().default(null),
    endpoint: address(context, ['http:', 'https:']).nullable().default(null),
    forcePathStyle: z.boolean().default(false),
    credentials: z.strictObject({ accessKeyId: text, secretAccessKey: text }).nullable().default(null),
  };
}
