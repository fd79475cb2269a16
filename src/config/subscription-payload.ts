import { z } from 'zod';
import { limits } from '../domain/limits.js';
import type { Schedule } from '../domain/schedule.js';
import { scanStatement } from '../domain/statement.js';
import type { Model, Subscription } from '../domain/subscription.js';
import { ConfigurationError } from '../errors/errors.js';
import { explained, parseOptions, type Checked } from './explain.js';
import { atMostCharacters, count } from './schema/fields.js';
import { mapping } from './schema/mapping.js';
import { name, subscriptionId } from './schema/names.js';
import { identifierColumn, timestampColumn } from './schema/query.js';
import { judge } from './schema/schedule.js';
import { subscriptionOptions } from './schema/subscriptions.js';

/** The subscription that arrived as a payload. Throws ConfigurationError with all that is wrong with it. */
export function parseSubscription(value: unknown): Subscription {
  const checked = parse(value);
  if (checked.kind === 'wrong') throw new ConfigurationError(sentences(checked));
  return checked.value;
}

function sentences(checked: Extract<Checked<Subscription>, { kind: 'wrong' }>): string[] {
  return checked.problems.map(({ path, message }) => `subscription: ${path.length === 0 ? '' : `${path.join('.')}: `}${message}`);
}

function parse(value: unknown): Checked<Subscription> {
  return explained(subscriptionPayload(Date.now()).safeParse(value, parseOptions));
}

function subscriptionPayload(nowMs: number): z.ZodType<Subscription> {
  const schedule: z.ZodType<Schedule> = z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('manual') }),
      z.strictObject({ kind: z.literal('interval'), everyMs: count }),
      z.strictObject({ kind: z.literal('cron'), expression: z.string(), timezone: z.string() }),
    ])
    .superRefine(judge(nowMs));
  return z.strictObject({
    id: subscriptionId,
    enabled: z.boolean(),
    model,
    destination: name,
    syncMode: subscriptionOptions.syncMode,
    schedule,
    mapping: mapping.nullable(),
    nullValues: subscriptionOptions.nullValues,
    initialSync: subscriptionOptions.initialSync,
    continueImmediately: z.boolean(),
  });
}

const model: z.ZodType<Model> = z.strictObject({
  name,
  source: name,
  // The payload doesn't say which kind of warehouse the source is, so one dialect that reads it as one statement is enough.
  query: atMostCharacters(limits.queryCharacters, 'the query').transform((sql, context) => {
    for (const dialect of ['postgres', 'snowflake'] as const) {
      const scan = scanStatement(sql, dialect);
      if (scan.kind === 'one') return scan.text;
    }
    context.addIssue('expected one SQL statement');
    return z.NEVER;
  }),
  identifier: identifierColumn,
  timestamp: z.strictObject({ column: timestampColumn, lookbackMs: z.int().min(0), fullDiffEveryMs: count }).nullable(),
});
