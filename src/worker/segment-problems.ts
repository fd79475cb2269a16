import { problemsOfDestination, resolveReferences, type Configuration, type Problem } from '../config/index.js';
import { suggestion } from '../config/suggestion.js';
import type { SegmentDestinationConfig } from '../destinations/segment/config.js';
import { actionOf, createFieldChecker, loadSegmentDestination, type ActionDefinition } from '../destinations/segment/package.js';
import { createSegmentDestination } from '../destinations/segment/segment.js';
import { problemsIn } from '../destinations/segment/settings.js';
import { isJsonObject, type Json, type JsonObject } from '../domain/subscription.js';
import { ConfigurationError } from '../errors/errors.js';

/** What is wrong with the destinations of type segment and the mappings to them; empty when nothing is. Offline: the package's schemas know. */
export function segmentProblems(configuration: Configuration, env: NodeJS.ProcessEnv): Problem[] {
  return Object.entries(configuration.destinations).flatMap(([name, written]) => {
    if (written.type !== 'segment') return [];
    try {
      createSegmentDestination(name, resolveReferences(written, env));
      const action = actionOf(name, loadSegmentDestination(name, written.slug), written.action);
      return Object.values(configuration.subscriptions)
        .filter(({ destination }) => destination === name)
        .flatMap(({ id, mapping }) => (mapping === null ? [] : mappingProblems(mapping, written, action).map(({ path, message }) => ({ path: ['subscriptions', id, 'mapping', ...path], message }))));
    } catch (error) {
      if (error instanceof ConfigurationError) return problemsOfDestination(name, error);
      throw error;
    }
  });
}

/** By their paths in the mapping. One whose root is a directive decides for each record which fields there are; the action checks those when they come. */
function mappingProblems(mapping: JsonObject, { slug, action: key }: SegmentDestinationConfig, action: ActionDefinition): Problem[] {
  const { fields } = action;
  const written = Object.keys(mapping);
  if (written.some((key) => key.startsWith('@'))) return [];
  const unknown = written.filter((key) => !Object.hasOwn(fields, key)).map((key) => ({ path: [key], message: `unknown key${suggestion(key, Object.keys(fields))}` }));
  // Some fields are required under conditions, which only a record can tell.
  const missing = Object.keys(fields).filter((field) => fields[field]?.required === true && !Object.hasOwn(mapping, field)).map((field) => ({ path: [], message: `"${field}" is missing, the action requires it` }));
  const wrong = Object.entries(mapping).flatMap(([field, value]) => {
    const literal = Object.hasOwn(fields, field) ? literalIn(value) : null;
    return literal === null ? [] : problemsIn(createFieldChecker(slug, key, action, field), { [field]: literal }).map((message) => ({ path: [field], message }));
  });
  return [...unknown, ...missing, ...wrong];
}

/** What a field is the same for all records by; null where it depends on the record, or is null. */
function literalIn(value: Json): Json {
  if (isJsonObject(value) && Object.keys(value).length === 1 && value['@literal'] !== undefined) return value['@literal'];
  return hasDirective(value) ? null : value;
}

function hasDirective(value: Json): boolean {
  if (Array.isArray(value)) return value.some(hasDirective);
  return isJsonObject(value) && Object.entries(value).some(([key, inner]) => key.startsWith('@') || hasDirective(inner));
}
