import { createRequire } from 'node:module';
import { normalizations } from '../../domain/hash-directive.js';
import type { Json, JsonObject } from '../../domain/subscription.js';
import { anyOf, suggestion } from '../suggestion.js';

// The package's ESM build has imports that Node cannot resolve.
const require = createRequire(import.meta.url);

export interface DirectiveProblem {
  readonly path: readonly string[];
  readonly message: string;
}

type Path = readonly string[];

/** What is wrong with the directives of a mapping, wherever they stand: Segment's own check, and what it passes over and the first record would stumble on. */
export function directiveProblems(mapping: JsonObject): readonly DirectiveProblem[] {
  return [...problemsIn(mapping, [], false)];
}

/** @param isItem whether the mapping reads an item of a list, or what a `@transform` has made, rather than the record */
function* problemsIn(node: Json, path: Path, isItem: boolean): Generator<DirectiveProblem> {
  if (node === null || typeof node !== 'object') return;
  if (isList(node)) {
    for (const [index, item] of node.entries()) yield* problemsIn(item, [...path, String(index)], isItem);
    return;
  }
  const name = Object.keys(node).find((key) => key.startsWith('@'));
  const options = name === undefined ? undefined : node[name];
  if (name === undefined || options === undefined) {
    for (const [key, inner] of Object.entries(node)) yield* problemsIn(inner, [...path, key], isItem);
    return;
  }
  const own = [...path, name];
  if (name === '@hash') yield* hashProblems(node, path, isItem);
  else yield* kitProblems(node, path);
  yield* ruleProblems(name, options, own);
  if (isList(options)) {
    for (const [index, item] of options.entries()) yield* problemsIn(item, [...own, String(index)], isItem || (name === '@arrayPath' && index === 1));
  } else if (options !== null && typeof options === 'object' && !isDirective(options)) {
    for (const [key, inner] of Object.entries(options)) yield* problemsIn(inner, [...own, key], isItem || (name === '@transform' && key === 'mapping'));
  } else {
    yield* problemsIn(options, own, isItem);
  }
}

/** What each directive takes, beside what Segment's check demands. `oneOf`: one of these must be there. */
const rules: Readonly<Record<string, { readonly keys: readonly string[]; readonly oneOf?: readonly (readonly string[])[]; readonly words?: Readonly<Record<string, readonly string[]>> }>> = {
  '@if': { keys: ['exists', 'blank', 'then', 'else'], oneOf: [['exists', 'blank']] },
  '@case': { keys: ['operator', 'value'], oneOf: [['operator'], ['value']], words: { operator: ['lower', 'upper'] } },
  '@replace': { keys: ['pattern', 'replacement', 'pattern2', 'replacement2', 'ignorecase', 'global', 'value'] },
  '@json': { keys: ['value', 'mode'] },
  '@flatten': { keys: ['separator', 'value', 'omitArrays'], oneOf: [['separator']] },
  '@merge': { keys: ['direction', 'objects'], oneOf: [['direction']] },
  '@transform': { keys: ['apply', 'mapping'] },
  '@hash': { keys: ['value', 'normalize', 'countryCode'], oneOf: [['value']], words: { normalize: normalizations } },
};

function* ruleProblems(name: string, options: Json, path: Path): Generator<DirectiveProblem> {
  if (name === '@liquid' && typeof options === 'string') yield* liquidProblems(options, path);
  const rule = rules[name];
  if (rule === undefined || options === null || typeof options !== 'object' || isList(options)) return;
  for (const key of Object.keys(options)) {
    if (!rule.keys.includes(key) && !key.startsWith('@')) yield { path: [...path, key], message: `unknown key${suggestion(key, rule.keys)}` };
  }
  for (const keys of rule.oneOf ?? []) {
    if (keys.every((key) => options[key] === undefined)) yield { path, message: `is incomplete, expected the key ${anyOf(keys)}` };
  }
  for (const [key, words] of Object.entries(rule.words ?? {})) {
    const word = options[key];
    if (word !== undefined && (typeof word !== 'string' || !words.includes(word))) yield { path: [...path, key], message: `is none of the known values, expected ${anyOf(words)}` };
  }
}

function* hashProblems(node: JsonObject, place: Path, isItem: boolean): Generator<DirectiveProblem> {
  const path = [...place, '@hash'];
  const options = node['@hash'];
  const others = Object.keys(node).filter((key) => key !== '@hash' && key !== '_metadata');
  if (others.length > 0) yield { path: place, message: 'should only have one @-prefixed key, and no other beside it' };
  if (isItem) yield { path, message: 'cannot stand where a mapping reads the items of @arrayPath or what @transform has made; hash a field of the record' };
  if (options === undefined || options === null || typeof options !== 'object' || isList(options)) {
    yield { path, message: 'should be an object with the key value' };
    return;
  }
  const { countryCode } = options;
  if (countryCode !== undefined && (typeof countryCode !== 'string' || !/^[1-9]\d{0,3}$/.test(countryCode))) yield { path: [...path, 'countryCode'], message: 'is no country code, expected its digits as text: "49"' };
}

/** Segment's check of one directive. Those inside it are checked by themselves: it loses their places, passes over some, and knows no `@hash`. */
function* kitProblems(node: JsonObject, path: Path): Generator<DirectiveProblem> {
  const kit = require('@segment/actions-core/mapping-kit/validate') as { default: (mapping: Json) => void };
  try {
    kit.default(Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, withoutDirectives(inner)])));
  } catch (error) {
    // Several mistakes arrive as one iterable error.
    const errors = Symbol.iterator in (error as object) ? [...(error as Iterable<Error>)] : [error as Error];
    yield* errors.map(locate).map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
  }
}

/** The kit writes `/key/@directive should be … .`. */
function locate({ message }: Error): DirectiveProblem {
  const parts = /^\/(.*?) ((?:should|shouldn't|has) .*)\.$/s.exec(message);
  return { path: parts?.[1]?.split('/').filter((step) => step !== '') ?? [], message: parts?.[2] ?? message };
}

/** Rendered once without a record: what is wrong with a template itself shows then. */
function* liquidProblems(template: string, path: Path): Generator<DirectiveProblem> {
  const { transform } = require('@segment/actions-core/mapping-kit') as { transform: (mapping: JsonObject, event: object) => unknown };
  try {
    transform({ rendered: { '@liquid': template } }, {});
  } catch (error) {
    yield { path, message: `is no template that can be rendered: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}` };
  }
}

function withoutDirectives(node: Json): Json {
  if (node === null || typeof node !== 'object') return node;
  if (isList(node)) return node.map(withoutDirectives);
  return isDirective(node) ? { '@literal': '' } : Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, withoutDirectives(inner)]));
}

function isDirective(node: JsonObject): boolean {
  return Object.keys(node).some((key) => key.startsWith('@'));
}

function isList(node: Json): node is readonly Json[] {
  return Array.isArray(node);
}
