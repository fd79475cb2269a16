import type { StagedEvent } from '../domain/events.js';
import type { Json, JsonObject } from '../domain/subscription.js';

/** mapping-kit's own `transform`. */
export type Transform = (mapping: JsonObject, event: StagedEvent) => JsonObject;

/** Undefined for what is not there, and is left out. */
type Reader = (event: StagedEvent) => Json | undefined;

/**
 * The same as mapping-kit's `transform` on this mapping, without checking the mapping anew for each record, which is most of what that costs.
 * Only what is plain is read here: literals, paths of plain keys, and objects and lists of these. Fields that hold anything else go to mapping-kit.
 */
export function compileMapping(mapping: JsonObject, transform: Transform): (event: StagedEvent) => JsonObject {
  const keys = Object.keys(mapping);
  if (keys.some((key) => isSpecial(key) || key === '__segment_internal_directive')) return (event) => transform(mapping, event);
  return objectReader(Object.entries(mapping).map(([key, node]) => [key, readerOf(node, transform) ?? kitReader(node, transform)]));
}

function kitReader(node: Json, transform: Transform): Reader {
  const alone = { value: node };
  return (event) => transform(alone, event)['value'];
}

/** Null where mapping-kit has to see to it. */
function readerOf(node: Json, transform: Transform): Reader | null {
  if (node === null || typeof node !== 'object') return () => node;
  if (isList(node)) {
    const items: readonly (Reader | null)[] = node.map((item) => readerOf(item, transform));
    // What is not there stays in a list, and is written as null.
    return allThere(items) ? (event) => items.map((item) => item(event)) as Json : null;
  }
  const [first, ...others] = Object.entries(node);
  if (first?.[0] === '@literal' && others.length === 0) return readerOf(first[1], transform);
  if (first?.[0] === '@path' && others.length === 0) return pathReader(first[1], transform);
  if (Object.keys(node).some(isSpecial)) return null;
  const fields = Object.entries(node).map(([key, value]) => [key, readerOf(value, transform)] as const);
  return fields.every((field): field is readonly [string, Reader] => field[1] !== null) ? objectReader(fields) : null;
}

function objectReader(fields: readonly (readonly [string, Reader])[]): (event: StagedEvent) => JsonObject {
  return (event) => {
    const made: Record<string, Json> = {};
    for (const [key, read] of fields) {
      const value = read(event);
      if (value !== undefined) made[key] = value;
    }
    return made;
  };
}

/** Brackets and quotes have a meaning of their own there. */
const plainPath = /^\$\.[^[\]'"]+$/;

function pathReader(path: Json, transform: Transform): Reader | null {
  if (typeof path !== 'string' || !plainPath.test(path)) return null;
  const keys = path.slice(2).split('.').filter((key) => key !== '');
  if (keys.length === 0) return null;
  const viaKit = kitReader({ '@path': path }, transform);
  return (event) => {
    let value: unknown = event;
    // Like mapping-kit: what is false or empty is what comes out, also of a path that goes on.
    for (const key of keys) value = value && (value as Readonly<Record<string, unknown>>)[key];
    // Objects and lists come out as copies, which it is left to make.
    return typeof value === 'object' && value !== null ? viaKit(event) : (value as Json | undefined);
  };
}

/** Directives; and the one name that is no ordinary key. */
function isSpecial(key: string): boolean {
  return key.startsWith('@') || key === '__proto__';
}

function isList(node: Json): node is readonly Json[] {
  return Array.isArray(node);
}

function allThere(readers: readonly (Reader | null)[]): readers is readonly Reader[] {
  return readers.every((reader) => reader !== null);
}
