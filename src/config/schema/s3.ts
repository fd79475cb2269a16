import { z } from 'zod';
import type { SchemaContext } from './context.js';
import { address, text } from './fields.js';

/** How a store is reached, wherever one can be named. */
export function s3Keys(context: SchemaContext) {
  return {
    region: text.nullable().default(null),
    endpoint: address(context, ['http:', 'https:']).nullable().default(null),
    forcePathStyle: z.boolean().default(false),
    credentials: z.strictObject({ accessKeyId: text, secretAccessKey: text }).nullable().default(null),
  };
}
