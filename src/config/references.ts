import { ConfigurationError } from '../errors/errors.js';

/** `$${` stands for a literal `${`; a `${` that names no variable is a mistake. */
const marks = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g;
const escaped = '$${';

export interface References {
  /** Variables that the text names, in order. */
  readonly names: readonly string[];
  /** There is a `${` that is neither a reference nor escaped. */
  readonly malformed: boolean;
}

export function referencesIn(text: string): References {
  const found = [...text.matchAll(marks)].filter((match) => match[0] !== escaped);
  const names = found.flatMap((match) => match[1] ?? []);
  return { names, malformed: names.length < found.length };
}

/** The text with its references replaced, or null when a variable is not set. */
export function resolveText(text: string, env: NodeJS.ProcessEnv): string | null {
  if (referencesIn(text).names.some((name) => env[name] === undefined)) return null;
  return text.replaceAll(marks, (mark, name: string | undefined) => (name === undefined ? '${' : (env[name] ?? mark)));
}

/**
 * A copy of `value` with the `${ENV}` references in its strings replaced, at any depth; keys stay as they are.
 * What it returns holds secrets. Throws ConfigurationError, which names every variable that is not set.
 */
export function resolveReferences<T>(value: T, env: NodeJS.ProcessEnv): T {
  const unset = new Set<string>();
  const resolved = mapStrings(value, (text) => {
    for (const name of referencesIn(text).names) if (env[name] === undefined) unset.add(name);
    return resolveText(text, env) ?? text;
  });
  if (unset.size > 0) throw new ConfigurationError([...unset].map(unsetVariable));
  return resolved as T;
}

export function unsetVariable(name: string): string {
  return `the environment variable ${name} is not set: set it where this process starts`;
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, change)]));
}
