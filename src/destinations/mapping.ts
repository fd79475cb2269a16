import { createRequire } from 'node:module';
import type * as MappingKit from '@segment/actions-core/mapping-kit';
import type MappingValidation from '@segment/actions-core/mapping-kit/validate';
import { ConfigurationError, SluiceError } from '../errors/errors.js';
import type { Json, JsonObject } from '../domain/subscription.js';

/** The package's ES modules import each other without file endings, which Node refuses, so its CommonJS build is taken; and only where a mapping asks for it. */
const load = createRequire(import.meta.url);

/**
 * The mapping could not be applied to one record, which then fails; others may pass.
 * `message` is fit for any log. `reason` may quote the record: it belongs in the warehouse, beside the failure, and nowhere else.
 */
export class MappingError extends SluiceError {
  readonly retryable = false;
  readonly reason: string;
  constructor(cause: unknown) {
    super('the mapping cannot be applied to a record; see the failure for the reason, and correct the mapping');
    this.reason = `mapping: ${cause instanceof Error ? cause.message : String(cause)}`.slice(0, 200);
  }
}

/**
 * Makes the function that turns a staged event into what the destination gets. Events and results are one JSON document each.
 * `omit` leaves null columns out of `properties` before the mapping reads them, so a field mapped from one is left out too;
 * nulls inside a column's own JSON, and nulls that the mapping writes itself, stay.
 * With nothing to do, the very same buffer comes back. Staged numbers are exact as doubles (others are strings), so parsing loses nothing.
 *
 * @throws ConfigurationError when the mapping itself is invalid; the function it returns throws MappingError
 */
export function createMapper(mapping: JsonObject | null, nullValues: 'send' | 'omit'): (event: Buffer) => Buffer {
  if (mapping === null && nullValues === 'send') return (event) => event;
  const map = mapping === null ? (event: Event) => event : createTransform(mapping);
  return (event) => {
    // Staged by Sluice itself and checked against its digest, so its shape is known.
    const parsed = JSON.parse(event.toString('utf8')) as Event;
    return Buffer.from(JSON.stringify(map(nullValues === 'omit' ? withoutNulls(parsed) : parsed)));
  };
}

type Event = { readonly properties: JsonObject; readonly [key: string]: Json };

function createTransform(mapping: JsonObject): (event: Event) => object {
  const { transform } = load('@segment/actions-core/mapping-kit') as typeof MappingKit;
  const { default: validate } = load('@segment/actions-core/mapping-kit/validate') as typeof MappingValidation;
  // A copy, because some directives (@replace) write defaults into the mapping they are given.
  const own = structuredClone(mapping) as Parameters<typeof transform>[0];
  try {
    validate(own);
  } catch (error) {
    throw new ConfigurationError(problemsOf(error));
  }
  return (event) => {
    try {
      return transform(own, event);
    } catch (error) {
      throw new MappingError(error);
    }
  };
}

/** mapping-kit gathers its findings in an iterable error; each names its place in the mapping. */
function problemsOf(error: unknown): string[] {
  const all: unknown[] = error instanceof Error && Symbol.iterator in error ? [...(error as Error & Iterable<unknown>)] : [error];
  return all.map((problem) => `mapping: ${problem instanceof Error ? problem.message : String(problem)}`);
}

function withoutNulls(event: Event): Event {
  return { ...event, properties: Object.fromEntries(Object.entries(event.properties).filter(([, value]) => value !== null)) };
}
