import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ConfigurationError } from '../errors/errors.js';
import type { Configuration } from './configuration.js';
import { parseYaml, type Finding } from './document.js';
import { explained, parseOptions, type Problem } from './explain.js';
import { referenceProblems } from './reference-problems.js';
import type { SchemaContext } from './schema/context.js';
import { configurationSchema, entriesOf, nameProblems, namesIn } from './schema/file.js';

export interface LoadOptions {
  /** False where the file is only looked at: references are then not looked up. */
  readonly requireVariables?: boolean;
}

/**
 * Reads and checks a sluice.yaml. Throws ConfigurationError with every mistake in it, each as `file:line:column: key.path: what was wrong, what was expected`.
 * References are checked and stay in place; `resolveReferences` replaces them.
 */
export async function loadConfiguration(
  file: string,
  env: NodeJS.ProcessEnv,
  { requireVariables = true }: LoadOptions = {},
): Promise<Configuration> {
  const document = parseYaml(await readText(file));
  if (!document.readable) throw failure(file, document.problems);
  const written = document.value;
  const context = contextOf(written, path.dirname(path.resolve(file)), requireVariables ? env : null);
  const checked = explained(await configurationSchema(written, context).safeParseAsync(written, parseOptions));
  const inSchema = checked.kind === 'wrong' ? checked.problems : [];
  const problems = [...inSchema, ...nameProblems(written), ...referenceProblems(written, context.env)];
  const findings = [...document.problems, ...problems.map((problem) => ({ position: document.positionOf(problem.path), message: lineOf(problem) }))];
  if (checked.kind === 'wrong' || findings.length > 0) throw failure(file, findings);
  return checked.value;
}

export function lineOf({ path: keys, message }: Problem): string {
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
}

export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'the file cannot be read';
    throw new ConfigurationError([`${file}: ${reason}, expected a configuration: name another with --config`]);
  }
}

function contextOf(written: unknown, folder: string, env: NodeJS.ProcessEnv | null): SchemaContext {
  const sources = entriesOf(entriesOf(written)['sources']);
  return {
    folder,
    env,
    sources: namesIn(written, 'sources'),
    models: namesIn(written, 'models'),
    destinations: namesIn(written, 'destinations'),
    dialectOf: (source) => (entriesOf(sources[String(source)])['type'] === 'snowflake' ? 'snowflake' : 'postgres'),
    nowMs: Date.now(),
  };
}

export function failure(file: string, findings: readonly Finding[]): ConfigurationError {
  const inOrder = [...findings].sort((a, b) => a.position.line - b.position.line || a.position.column - b.position.column);
  return new ConfigurationError(inOrder.map(({ position, message }) => `${file}:${position.line}:${position.column}: ${message}`));
}
