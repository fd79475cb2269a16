import { z } from 'zod';
import { anyOf, suggestion } from './suggestion.js';
import type { Path } from './document.js';

export interface Problem {
  readonly path: Path;
  readonly message: string;
}

export type Checked<T> = { readonly kind: 'fine'; readonly value: T } | { readonly kind: 'wrong'; readonly problems: readonly Problem[] };

/** Pass these to zod, so that its issues become sentences that never quote a value, which may be a secret. */
export const parseOptions = { error: sentence, reportInput: false } as const;

/** What zod found, one problem per place; `path` leads to it. */
export function explained<T>(result: z.ZodSafeParseResult<T>): Checked<T> {
  return result.success ? { kind: 'fine', value: result.data } : { kind: 'wrong', problems: result.error.issues.flatMap(problemsOf) };
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n');
    return issue.keys.map((key, index) => ({ path: [...path, key], message: messages[index] ?? issue.message }));
  }
  if (issue.code === 'invalid_union') {
    const fitting = issue.errors.find((branch) => branch.every(isInside));
    if (fitting !== undefined) return fitting.flatMap(problemsOf).map((inner) => ({ ...inner, path: [...path, ...inner.path] }));
  }
  return [{ path, message: issue.message }];
}

/** The value had the form that this branch of a union wants; the mistake lies in what it holds. */
function isInside(issue: z.core.$ZodIssue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys' || issue.code === 'custom';
}

/** What was wrong and what was expected. For unknown keys: one line for each, in their order. */
function sentence(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `${received(issue.input)}, expected ${typeNames[issue.expected] ?? issue.expected}`;
    case 'unrecognized_keys': {
      const known = issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape) : [];
      return issue.keys.map((key) => `unknown key${suggestion(key, known)}`).join('\n');
    }
    case 'invalid_value':
      return unknownWord(issue.input, issue.values.map(String));
    case 'invalid_union':
      return issue.inclusive === false || issue.options === undefined ? undefined : unknownWord(discriminatorOf(issue), issue.options.map(String));
    case 'invalid_key':
      return 'is no name that can stand here';
    case 'too_small':
      return issue.origin === 'string' ? 'is empty, expected text' : `is too small, expected at least ${issue.minimum}`;
    case 'too_big':
      return `is too large, expected at most ${issue.maximum}`;
    default:
      return undefined;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of keys',
  record: 'a map of keys',
  array: 'a list',
};

const receivedNames: Partial<Record<string, string>> = {
  string: 'is text',
  number: 'is a number',
  boolean: 'is true or false',
  object: 'is a map of keys',
};

function received(input: unknown): string {
  if (input === undefined) return 'is missing';
  if (input === null) return 'is empty';
  if (Array.isArray(input)) return 'is a list';
  return receivedNames[typeof input] ?? 'has an unknown type';
}

function unknownWord(input: unknown, known: readonly string[]): string {
  if (typeof input === 'string') return `is none of the known values${suggestion(input, known)}`;
  return `${received(input)}, expected ${anyOf(known)}`;
}

function discriminatorOf(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): unknown {
  return (issue.input as Record<string, unknown>)[issue.discriminator ?? ''];
}
