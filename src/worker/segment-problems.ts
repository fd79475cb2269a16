import { resolveReferences, type Configuration } from '../config/index.js';
import { suggestion } from '../config/suggestion.js';
import { actionOf, loadSegmentDestination } from '../destinations/segment/package.js';
import { createSegmentDestination } from '../destinations/segment/segment.js';
import type { JsonObject } from '../domain/subscription.js';
import { ConfigurationError } from '../errors/errors.js';

/** What is wrong with the destinations of type segment and the mappings to them, one sentence each; empty when nothing is. Offline: the package's schemas know. */
export function segmentProblems(configuration: Configuration, env: NodeJS.ProcessEnv): string[] {
  return Object.entries(configuration.destinations).flatMap(([name, written]) => {
    if (written.type !== 'segment') return [];
    try {
      createSegmentDestination(name, resolveReferences(written, env));
      const { fields } = actionOf(name, loadSegmentDestination(name, written.slug), written.action);
      return Object.values(configuration.subscriptions)
        .filter(({ destination }) => destination === name)
        .flatMap(({ id, mapping }) => (mapping === null ? [] : mappingProblems(mapping, fields).map((problem) => `subscription "${id}": ${problem}`)));
    } catch (error) {
      if (error instanceof ConfigurationError) return error.problems;
      throw error;
    }
  });
}

/** A mapping whose root is a directive decides for each record which fields there are; the action checks those when they come. */
function mappingProblems(mapping: JsonObject, fields: Readonly<Record<string, { readonly required?: unknown }>>): string[] {
  const written = Object.keys(mapping);
  if (written.some((key) => key.startsWith('@'))) return [];
  const unknown = written.filter((key) => !Object.hasOwn(fields, key)).map((key) => `mapping: unknown key "${key}"${suggestion(key, Object.keys(fields))}`);
  // Some fields are required under conditions, which only a record can tell.
  const missing = Object.keys(fields).filter((key) => fields[key]?.required === true && !Object.hasOwn(mapping, key)).map((key) => `mapping: "${key}" is missing, the action requires it`);
  return [...unknown, ...missing];
}
