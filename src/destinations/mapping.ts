import { createRequire } from 'node:module';
import type MappingValidation from '@segment/actions-core/mapping-kit/validate';
import { ConfigurationError, SluiceError } from '../errors/errors.js';
import type { StagedEvent } from '../domain/events.js';
import type { JsonObject, NullValues } from '../domain/subscription.js';
import { compileMapping, type Transform } from './compiled-mapping.js';
import type { MappedRecord } from './destination.js';
import { withHashing } from './hashing.js';

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

/** Makes of a staged event what the destination gets. Throws MappingError. */
export type Mapper = (event: StagedEvent) => MappedRecord;

/**
 * Makes the mapper of a subscription; null when there is nothing to do.
 * `omit`, for all columns or for some, leaves those that are null out of `properties` before the mapping reads them, so a field mapped from one is left out too;
 * nulls inside a column's own JSON, and nulls that the mapping writes itself, stay.
 * Staged numbers are exact as doubles (others are strings), so that events may be parsed and written without loss.
 *
 * @throws ConfigurationError when the mapping itself is invalid
 */
export function createMapper(mapping: JsonObject | null, nullValues: NullValues): Mapper | null {
  const isOmitted = omittedColumns(nullValues);
  const read = isOmitted === null ? (event: StagedEvent) => event : (event: StagedEvent) => withoutNulls(event, isOmitted);
  if (mapping !== null) {
    const transform = withHashing(mapping, createTransform);
    return (staged) => {
      const event = read(staged);
      try {
        return { event, body: transform(event) };
      } catch (error) {
        throw new MappingError(error);
      }
    };
  }
  if (isOmitted === null) return null;
  return (staged) => {
    const event = read(staged);
    return { event, body: event };
  };
}

function createTransform(mapping: JsonObject): (event: StagedEvent) => JsonObject {
  const { transform } = load('@segment/actions-core/mapping-kit') as { transform: Transform };
  const { default: validate } = load('@segment/actions-core/mapping-kit/validate') as typeof MappingValidation;
  // A copy, because some directives (@replace) write defaults into the mapping they are given.
  const own = structuredClone(mapping);
  try {
    validate(own);
  } catch (error) {
    throw new ConfigurationError(problemsOf(error));
  }
  return compileMapping(own, transform);
}

/** mapping-kit gathers its findings in an iterable error; each names its place in the mapping. */
function problemsOf(error: unknown): string[] {
  const all: unknown[] = error instanceof Error && Symbol.iterator in error ? [...(error as Error & Iterable<unknown>)] : [error];
  return all.map((problem) => `mapping: ${problem instanceof Error ? problem.message : String(problem)}`);
}

/** Which columns are left out where they are null; null where none is. */
function omittedColumns(nullValues: NullValues): ((column: string) => boolean) | null {
  const { default: rule, fields } = typeof nullValues === 'string' ? { default: nullValues, fields: {} } : nullValues;
  const rules = new Map(Object.entries(fields));
  if (rule === 'send' && ![...rules.values()].includes('omit')) return null;
  return (column) => (rules.get(column) ?? rule) === 'omit';
}

function withoutNulls(event: StagedEvent, isOmitted: (column: string) => boolean): StagedEvent {
  return { ...event, properties: Object.fromEntries(Object.entries(event.properties).filter(([column, value]) => value !== null || !isOmitted(column))) };
}
