import { ConfigurationError } from '../../errors/errors.js';
import type { Json, JsonObject } from '../../domain/subscription.js';
import type { Definition, Runner } from './package.js';

/** Checks settings as the package does. Throws ConfigurationError; its sentences come from the schema and quote no value. */
export function checkSettings(name: string, runner: Runner, settings: JsonObject): void {
  const problems = problemsIn(runner, Object.fromEntries(Object.entries(settings).filter(([key]) => key !== 'oauth')));
  if (problems.length > 0) throw new ConfigurationError(problems.map((problem) => `destination "${name}": settings: ${problem}`));
}

/** What the package says is wrong with values for the runner's settings, one sentence each. */
export function problemsIn(runner: Runner, values: JsonObject): string[] {
  try {
    // A copy, because the check converts types in place.
    runner.validateSettings(structuredClone(values));
    return [];
  } catch (error) {
    const all: unknown[] = error instanceof Error && Symbol.iterator in error ? [...(error as Error & Iterable<unknown>)] : [error];
    return all.map((problem) => (problem instanceof Error ? problem.message : String(problem)));
  }
}

/** Everything in the settings that may be a credential: any text but the shortest, which would hide half of every message. */
export function secretsIn(value: Json): string[] {
  if (typeof value === 'string') return value.length >= 4 ? [value] : [];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(secretsIn);
}

const credential = /key|token|secret|password|credential|auth/i;

/** What names the account that records go to: the settings without credentials, which change without making another destination. */
export function targetOf(definition: Definition, settings: JsonObject): [string, Json][] {
  const fields = definition.authentication?.fields ?? {};
  return Object.entries(settings)
    .filter(([key]) => key !== 'oauth' && fields[key]?.type !== 'password' && !credential.test(key))
    .sort(([one], [other]) => (one < other ? -1 : 1));
}
