import { z } from 'zod';
import { parseDuration } from '../durations.js';
import { resolveText } from '../references.js';
import { anyOf, suggestion } from '../suggestion.js';
import type { SchemaContext } from './context.js';

const dayMs = 86_400_000;

export const text = z.string().min(1);
export const count = z.int().min(1);

/** A duration in ms. What becomes a timer or a PostgreSQL timeout must fit into 31 bits. */
export function duration(least: '0s' | '1ms' = '1ms', most: '24d' | '3650d' = '24d') {
  return z
    .string({ error: ({ input }) => (input === undefined ? 'is missing, expected a duration such as 15m' : durationExpected) })
    .transform((written, ctx) => {
      const ms = parseDuration(written);
      if (ms !== null && ms >= boundMs[least] && ms <= boundMs[most]) return ms;
      ctx.addIssue(ms === null ? durationExpected : `must be from ${least} to ${most}`);
      return z.NEVER;
    });
}

const durationExpected = 'is no duration, expected a number with its unit: 500ms, 30s, 15m, 6h or 1d';
const boundMs = { '0s': 0, '1ms': 1, '24d': 24 * dayMs, '3650d': 3650 * dayMs } as const;

/** Text that is judged as its references resolve, and never quoted. Where they are not looked up, or not set (reported by itself), it passes. */
export function resolvedText(context: SchemaContext, isFine: (resolved: string) => boolean, message: string) {
  return text.refine((written) => {
    const unresolved = context.env === null && written.includes('${');
    const resolved = unresolved ? null : resolveText(written, context.env ?? {});
    return resolved === null || isFine(resolved);
  }, message);
}

export function address(context: SchemaContext, protocols: readonly string[]) {
  const isFine = (resolved: string): boolean => URL.canParse(resolved) && protocols.includes(new URL(resolved).protocol);
  return resolvedText(context, isFine, `is no address that starts with ${anyOf(protocols.map((protocol) => `${protocol}//`))}`);
}

/** The name of something else in the file. */
export function reference(kind: 'source' | 'model' | 'destination', known: readonly string[]) {
  return z.string().superRefine((name, ctx) => {
    if (known.includes(name)) return;
    ctx.addIssue(known.length === 0 ? `unknown ${kind} "${name}", and the file has none` : `unknown ${kind} "${name}"${suggestion(name, known)}`);
  });
}

/** Characters as people count them: one for each code point, however many bytes or UTF-16 units it takes. */
export function atMostCharacters(limit: number, what: string) {
  const isFine = (written: string): boolean => written.length <= limit || Array.from(written).length <= limit;
  return z.string().refine(isFine, `${what} must have at most ${limit} characters`);
}

/** Runs a check that compares keys of one map even where another key of it is already wrong, so that all is reported at once. */
export const alsoWhenOthersAreWrong = { when: ({ value }: { value: unknown }): boolean => typeof value === 'object' && value !== null };

/** Of these keys, which belong to alternatives, exactly one must be there. */
export function exactlyOneOf(keys: readonly string[]) {
  return (value: object, ctx: z.RefinementCtx): void => {
    const present = keys.filter((key) => (value as Record<string, unknown>)[key] !== undefined);
    if (present.length === 0) ctx.addIssue(`is incomplete, expected the key ${anyOf(keys)}`);
    for (const extra of present.slice(1)) {
      ctx.addIssue({ code: 'custom', path: [extra], message: `cannot stand beside ${present[0] ?? ''}, expected only ${anyOf(keys)}` });
    }
  };
}
