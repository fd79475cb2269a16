import { z } from 'zod';
import type { StagingConfig } from '../configuration.js';
import { fromFolder, type SchemaContext } from './context.js';
import { duration, text } from './fields.js';

export function stagingSchema(context: SchemaContext): z.ZodType<StagingConfig> {
  const retain = duration('1ms', '3650d').prefault('72h');
  const local = z
    .strictObject({ type: z.literal('local'), path: text.prefault('.sluice/staging'), retain })
    .transform(({ type, path, retain }) => ({ type, path: fromFolder(context, path), retainMs: retain }));
  const s3 = z
    .strictObject({
      type: z.literal('s3'),
      bucket: text,
      prefix: z.string().default(''),
      region: text.nullable().default(null),
      endpoint: text.nullable().default(null),
      forcePathStyle: z.boolean().default(false),
      retain,
    })
    .transform(({ retain, ...config }) => ({ ...config, retainMs: retain }));
  return z.discriminatedUnion('type', [local, s3]).prefault({ type: 'local' });
}
