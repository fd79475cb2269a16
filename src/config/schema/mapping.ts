import { z } from 'zod';
import type { JsonObject } from '../../domain/subscription.js';
import { directiveProblems } from './directives.js';

/** A subscription's mapping: Segment's mapping-kit directives, and `@hash`. */
export const mapping = z.record(z.string(), z.json({ error: 'is no JSON value' })).superRefine((written, ctx) => {
  for (const { path, message } of directiveProblems(written)) ctx.addIssue({ code: 'custom', path: [...path], message });
}) as z.ZodType<JsonObject>;
