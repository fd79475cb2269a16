import { createHash } from 'node:crypto';
import type { StagedEvent } from '../domain/events.js';
import { normalized, type HashOptions } from '../domain/hash-directive.js';
import type { Json, JsonObject } from '../domain/subscription.js';

const directive = '@hash';
/** Where the hashes of a record stand while its mapping is applied. */
const hashesKey = '__sluice_hashes';
const sha256 = /^[0-9a-f]{64}$/;

type Transform = (event: StagedEvent) => JsonObject;

/**
 * Applies a mapping that may hold `@hash`, which Segment's mapping-kit doesn't know: each one's value is read and hashed first, and stands as a path in the mapping that the kit gets.
 *
 * @param compile makes a transform of a mapping that the kit understands
 */
export function withHashing(mapping: JsonObject, compile: (mapping: JsonObject) => Transform): Transform {
  const hashes: ((event: StagedEvent) => Json)[] = [];
  const rewrite = (node: Json): Json => {
    if (node === null || typeof node !== 'object') return node;
    if (isList(node)) return node.map(rewrite);
    const options = node[directive];
    if (options === undefined) return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, rewrite(inner)]));
    const { value, ...how } = options as unknown as HashOptions;
    const read = compile({ value: rewrite(value) });
    hashes.push((event) => hashOf(read(event)['value'], how));
    return { '@path': `$.${hashesKey}.h${hashes.length - 1}` };
  };
  const rewritten = rewrite(mapping) as JsonObject;
  if (hashes.length === 0) return compile(mapping);
  const transform = compile(rewritten);
  return (event) => {
    // One after the other: a value may be made of another hash, which then comes before it.
    let hashed: JsonObject = {};
    for (const [index, hash] of hashes.entries()) hashed = { ...hashed, [`h${index}`]: hash(withHashes(event, hashed)) };
    return transform(withHashes(event, hashed));
  };
}

function withHashes(event: StagedEvent, hashes: JsonObject): StagedEvent {
  return Object.assign({}, event, { [hashesKey]: hashes });
}

/** SHA-256 in lower-case hexadecimal. Nothing stays nothing: null for null, and for text that is empty once normalized. What is such a hash already is left as it is. */
function hashOf(value: Json | undefined, how: Omit<HashOptions, 'value'>): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === 'object') throw new Error(`${directive}: expected text or a number, got a list or an object`);
  if (typeof value === 'string' && sha256.test(value)) return value;
  const text = normalized(String(value), how);
  return text === '' ? null : createHash('sha256').update(text).digest('hex');
}

function isList(node: Json): node is readonly Json[] {
  return Array.isArray(node);
}
