import { z } from 'zod';
import type { Configuration } from '../configuration.js';
import type { Model, Subscription } from '../../domain/subscription.js';
import { explained, parseOptions, type Problem } from '../explain.js';
import type { SchemaContext } from './context.js';
import { destinationSchema } from './destinations.js';
import { modelSchema } from './models.js';
import { name, subscriptionId } from './names.js';
import { sourceSchema } from './sources.js';
import { stagingSchema } from './staging.js';
import { subscriptionSchema, type WrittenSubscription } from './subscriptions.js';
import { workspaceSchema } from './workspace.js';

type Section = 'sources' | 'models' | 'destinations' | 'subscriptions';

/** The schema of one file: made for it, because a model or subscription is judged by what else the file has. */
export function configurationSchema(written: unknown, context: SchemaContext): z.ZodType<Configuration> {
  const source = sourceSchema(context);
  const destination = destinationSchema(context);
  const subscription = subscriptionSchema(context);
  return z
    .strictObject({
      workspace: workspaceSchema,
      staging: stagingSchema(context),
      sources: section(written, 'sources', () => source),
      models: section(written, 'models', (modelName, model) => modelSchema(context, modelName, context.dialectOf(entriesOf(model)['source']))),
      destinations: section(written, 'destinations', () => destination),
      subscriptions: section(written, 'subscriptions', () => subscription),
    })
    .transform(({ subscriptions, ...config }) => ({ ...config, subscriptions: withModels(subscriptions, config.models) }));
}

/** Sections map names to entries. A section may be left out or empty. */
function section<T>(written: unknown, key: Section, schemaOf: (name: string, entry: unknown) => z.ZodType<T>) {
  const entries = Object.entries(entriesOf(entriesOf(written)[key]));
  const shape = Object.fromEntries(entries.map(([entryName, entry]) => [entryName, schemaOf(entryName, entry)]));
  return z.strictObject(shape).nullish().transform((value): Record<string, T> => value ?? {});
}

/** Names that cannot be names. Apart from the schema, so that the entries under them are checked too. */
export function nameProblems(written: unknown): Problem[] {
  const rules = { sources: name, models: name, destinations: name, subscriptions: subscriptionId };
  return Object.entries(rules).flatMap(([key, rule]) =>
    namesIn(written, key).flatMap((entryName) => {
      const checked = explained(rule.safeParse(entryName, parseOptions));
      return checked.kind === 'fine' ? [] : checked.problems.map(({ message }) => ({ path: [key, entryName], message }));
    }),
  );
}

export function namesIn(written: unknown, key: string): string[] {
  return Object.keys(entriesOf(entriesOf(written)[key]));
}

/** The entries of what should be a map, and nothing where it is something else: the schema says that. */
export function entriesOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function withModels(subscriptions: Record<string, WrittenSubscription>, models: Record<string, Model>): Record<string, Subscription> {
  return Object.fromEntries(
    Object.entries(subscriptions).flatMap(([id, { model: modelName, ...subscription }]) => {
      const model = models[modelName];
      return model === undefined ? [] : [[id, { id, model, ...subscription }]];
    }),
  );
}
