import type { ConfigurationError } from '../errors/errors.js';
import type { Problem } from './explain.js';
import { failure, lineOf, readText } from './load.js';
import { parseYaml } from './document.js';

/** What a destination's own code finds wrong with its entry of the configuration. It begins with the destination's name, which the place tells here. */
export function problemsOfDestination(name: string, { problems }: ConfigurationError): Problem[] {
  return problems.map((problem) => ({ path: ['destinations', name], message: problem.replace(`destination "${name}": `, '') }));
}

/** An error with all of these problems, which were found after the file had been read, each with its place there. */
export async function placed(file: string, problems: readonly Problem[]): Promise<ConfigurationError> {
  const document = parseYaml(await readText(file));
  return failure(file, problems.map((problem) => ({ position: document.positionOf(problem.path), message: lineOf(problem) })));
}
