import { z } from 'zod';
import type { StagingConfig } from '../configuration.js';
import { fromFolder, type SchemaContext } from './context.js';
import { duration, resolvedText, text } from './fields.js';
import { s3LocationKeys } from './s3.js';

export function stagingSchema(context: SchemaContext): z.ZodType<StagingConfig> {
  const common = { retain: duration('1ms', '3650d').prefault('72h'), encryption: encryption(context).nullable().default(null) };
  const local = z
    .strictObject({ type: z.literal('local'), path: text.prefault('.sluice/staging'), waitForHost: duration().prefault('5m'), ...common })
    .transform(({ path, retain, waitForHost, ...config }) => ({ ...config, path: fromFolder(context, path), retainMs: retain, waitForHostMs: waitForHost }));
  const s3 = z
    .strictObject({ type: z.literal('s3'), ...s3LocationKeys(context), ...common })
    .transform(({ retain, ...config }) => ({ ...config, retainMs: retain }));
  return z.discriminatedUnion('type', [local, s3]).prefault({ type: 'local' });
}

function encryption(context: SchemaContext) {
  const isKey = (resolved: string): boolean => /^[A-Za-z0-9+/]{43}=$/.test(resolved);
  return z.strictObject({ key: resolvedText(context, isKey, 'is no key, expected 32 bytes as base64: make one with openssl rand -base64 32') });
}
