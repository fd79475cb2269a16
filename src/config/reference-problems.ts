import type { Path } from './document.js';
import type { Problem } from './explain.js';
import { referencesIn, unsetVariable } from './references.js';

const allowedSections = ['sources', 'destinations', 'staging'];

/** What is wrong with the `${ENV}` references of a file. @param env null when they are not to be looked up */
export function referenceProblems(written: unknown, env: NodeJS.ProcessEnv | null): Problem[] {
  return textsIn(written, []).flatMap(({ path, text }) => {
    const { names, malformed } = referencesIn(text);
    const problem = (message: string): Problem => ({ path, message });
    if (!allowedSections.includes(String(path[0]))) {
      // SQL and mappings are the user's own text; a "${" in them is theirs.
      const misplaced = names.length > 0 && !isOwnText(path);
      return misplaced ? [problem(`references such as \${${names[0] ?? ''}} work in ${allowedSections.join(', ')} only`)] : [];
    }
    const unset = env === null ? [] : [...new Set(names)].filter((name) => env[name] === undefined);
    const mistakes = malformed ? ['malformed reference, expected ${NAME}, or $${ for a literal ${'] : [];
    return [...mistakes, ...unset.map(unsetVariable)].map(problem);
  });
}

function isOwnText(path: Path): boolean {
  return (path[0] === 'models' && path[2] === 'query') || (path[0] === 'subscriptions' && path[2] === 'mapping');
}

function textsIn(value: unknown, path: Path): { path: Path; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, item]) => textsIn(item, [...path, key]));
}
