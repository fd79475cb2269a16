import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import type MappingValidation from '@segment/actions-core/mapping-kit/validate';
import fc from 'fast-check';
import { compileMapping, type Transform } from '../../../src/destinations/compiled-mapping.js';
import type { StagedEvent } from '../../../src/domain/events.js';
import type { Json, JsonObject } from '../../../src/domain/subscription.js';

const { transform } = createRequire(import.meta.url)('@segment/actions-core/mapping-kit') as { transform: Transform };

const { default: validate } = createRequire(import.meta.url)('@segment/actions-core/mapping-kit/validate') as typeof MappingValidation;

/** Others are refused as configuration. */
function isValid(mapping: JsonObject): boolean {
  try {
    validate(mapping);
    return true;
  } catch {
    return false;
  }
}

const keys = ['a', 'b', '0', '', 'a b', 'ä', '__proto__', 'constructor', 'length', '@path', '$.a'];
const key = fc.constantFrom(...keys);
const scalar = fc.constantFrom<Json>(null, true, false, 0, 1, -0.5, '', '7', 'text', '{{a}}', '$.a', '@path');

/** As JSON.parse makes them: a key `__proto__` is a key like others. */
const objectOf = (value: fc.Arbitrary<Json>): fc.Arbitrary<JsonObject> =>
  fc.array(fc.tuple(key, value), { maxLength: 4 }).map((entries) => JSON.parse(`{${entries.map(([name, one]) => `${JSON.stringify(name)}:${JSON.stringify(one)}`).join(',')}}`) as JsonObject);
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('value'), { maxLength: 3 }), objectOf(tie('value'))),
})).value;
const event = objectOf(json).map((properties): StagedEvent => ({ type: 'track', event: 'new', messageId: 'm', __segment_id: '7', properties }));

const step = fc.constantFrom(...keys, 'properties', 'properties.a', 'properties.a.b', 'properties[0]', "['a']", 'messageId', '.');
const path = fc.oneof(fc.array(step, { maxLength: 4 }).map((steps) => `$.${steps.join('.')}`), fc.array(step, { maxLength: 2 }).map((steps) => steps.join('.')));
const node: fc.Arbitrary<Json> = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    path.map((text) => ({ '@path': text })),
    scalar,
    fc.array(tie('node'), { maxLength: 3 }),
    objectOf(tie('node')),
    tie('node').map((value) => ({ '@literal': value })),
    tie('node').map((value) => ({ '@excludeWhenNull': value })),
    tie('node').map((value) => ({ '@path': value, _metadata: {} })),
    path.map((text) => ({ '@template': `{{${text}}}` })),
    tie('node').map((value) => ({ '@if': { exists: value, then: 1, else: value } })),
  ),
})).node;
const mapping = fc.oneof(objectOf(node), fc.record({ __segment_internal_directive: objectOf(node), a: node }), fc.record({ '@path': path })).filter(isValid);

const outcomeOf = (make: () => unknown): unknown => {
  try {
    const made = make();
    // As text, because mapping-kit takes a key `__proto__` for a prototype, and each call makes another one.
    return { made: inspect(made, { depth: null }), written: JSON.stringify(made) };
  } catch (error) {
    // Some of the kit's messages hold stacks.
    return String(error).replace(/^\s*at .*$/gm, '').trim();
  }
};

describe('a compiled mapping', () => {
  it('makes the same as mapping-kit of every event, to the order of keys, and fails with the same words', () => {
    fc.assert(fc.property(mapping, fc.array(event, { minLength: 1, maxLength: 3 }), (given, events) => {
      const compiled = compileMapping(structuredClone(given), transform);
      for (const one of events) assert.deepEqual(outcomeOf(() => compiled(one)), outcomeOf(() => transform(structuredClone(given), one)));
    }), { numRuns: 400 });
  });

  it('leaves nothing plain to mapping-kit', () => {
    const plain = { id: { '@path': '$.__segment_id' }, list: [1, { '@path': '$.properties.a' }], deep: { fixed: { '@literal': { x: null } }, missing: { '@path': '$.properties.none.at.all' } } };
    const compiled = compileMapping(plain, () => assert.fail('it was asked'));
    assert.deepEqual(compiled({ type: 'track', event: 'new', messageId: 'm', __segment_id: '7', properties: { a: 'A' } }), { id: '7', list: [1, 'A'], deep: { fixed: { x: null } } });
  });
});
