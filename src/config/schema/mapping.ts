import { createRequire } from 'node:module';
import { z } from 'zod';
import type { JsonObject } from '../../domain/subscription.js';

// The package's ESM build has imports that Node cannot resolve.
const require = createRequire(import.meta.url);

/** A subscription's mapping: Segment's mapping-kit directives, checked as Segment does. */
export const mapping = z.record(z.string(), z.json({ error: 'is no JSON value' })).superRefine((written, ctx) => {
  for (const { path, message } of directiveProblems(written)) ctx.addIssue({ code: 'custom', path, message });
}) as z.ZodType<JsonObject>;

function directiveProblems(written: JsonObject): { path: string[]; message: string }[] {
  const kit = require('@segment/actions-core/mapping-kit/validate') as { default: (mapping: JsonObject) => void };
  try {
    kit.default(written);
    return [];
  } catch (error) {
    // Several mistakes arrive as one iterable error.
    const errors = Symbol.iterator in (error as object) ? [...(error as Iterable<Error>)] : [error as Error];
    return errors.map(locate);
  }
}

/** The kit writes `/key/@directive should be … .`. */
function locate({ message }: Error): { path: string[]; message: string } {
  const parts = /^\/(.*?) ((?:should|shouldn't|has) .*)\.$/s.exec(message);
  const path = parts?.[1]?.split('/').filter((step) => step !== '') ?? [];
  return { path, message: parts?.[2] ?? message };
}
