import assert from 'node:assert/strict';
import { createMapper, MappingError, type Mapper } from '../../../src/destinations/mapping.js';
import type { StagedEvent } from '../../../src/domain/events.js';
import type { JsonObject } from '../../../src/domain/subscription.js';
import { ConfigurationError } from '../../../src/errors/errors.js';
import { event } from '../../support/events.js';

const staged = event('42', { id: '42', email: 'ann@example.com', plan: null, big: '9007199254740993', ltv: 0.1, tags: { first: null } });
const apply = (mapper: Mapper | null, from: Buffer): unknown => mapper?.(JSON.parse(from.toString()) as StagedEvent).body;
const map = (mapping: JsonObject | null, nullValues: 'send' | 'omit' = 'send', from = staged): unknown => apply(createMapper(mapping, nullValues), from);

describe('a mapping', () => {
  it('that is left out has nothing to do', () => {
    assert.equal(createMapper(null, 'send'), null);
  });

  it('reads fields, templates and literals as mapping-kit has them', () => {
    const mapping = {
      email: { '@path': '$.properties.email' },
      externalId: { '@path': '$.__segment_id' },
      greeting: { '@template': 'Hello {{properties.email}}' },
      kind: 'customer',
      plan: { '@if': { exists: { '@path': '$.properties.plan' }, then: 'paying', else: 'free' } },
      nested: { exact: { '@path': '$.properties.big' }, ltv: { '@path': '$.properties.ltv' } },
      shout: { '@liquid': '{{ properties.email | upcase }}' },
    };
    assert.deepEqual(map(mapping), {
      email: 'ann@example.com',
      externalId: '42',
      greeting: 'Hello ann@example.com',
      kind: 'customer',
      plan: 'free',
      nested: { exact: '9007199254740993', ltv: 0.1 },
      shout: 'ANN@EXAMPLE.COM',
    });
  });

  it('sends null as null', () => {
    assert.deepEqual(map({ plan: { '@path': '$.properties.plan' } }), { plan: null });
  });

  it('leaves a field out that is not there', () => {
    assert.deepEqual(map({ a: 1, b: { '@path': '$.properties.unknown' } }), { a: 1 });
  });

  it('is the same for every record, and stays as it was given', () => {
    const mapping = { email: { '@replace': { value: { '@path': '$.properties.email' }, pattern: 'ann' } } };
    const before = structuredClone(mapping);
    const mapper = createMapper(mapping, 'send');
    assert.deepEqual([apply(mapper, staged), apply(mapper, staged)], [{ email: '@example.com' }, { email: '@example.com' }]);
    assert.deepEqual(mapping, before);
  });

  it('is refused as configuration when it is invalid, with its place', () => {
    const invalid = { email: { '@nonsense': 1 }, plan: { '@template': 5 } };
    assert.throws(() => createMapper(invalid, 'send'), (error) => error instanceof ConfigurationError && error.problems.length === 2 && ['email', 'plan'].every((key) => error.message.includes(key)));
  });

  it('fails the record that it cannot be applied to, without quoting it', () => {
    const mapper = createMapper({ field: { '@path': { '@path': '$.properties.plan' } } }, 'send');
    assert.throws(() => apply(mapper, staged), (error) => error instanceof MappingError && !error.message.includes('ann@') && error.reason.startsWith('mapping: '));
  });
});

describe('omitting null values', () => {
  it('leaves null columns out of an unmapped record, and nulls inside a column’s own JSON alone', () => {
    const { properties } = map(null, 'omit') as { properties: JsonObject };
    assert.deepEqual(properties, { id: '42', email: 'ann@example.com', big: '9007199254740993', ltv: 0.1, tags: { first: null } });
  });

  it('leaves fields out that are mapped from null columns, wherever they are', () => {
    assert.deepEqual(map({ plan: { '@path': '$.properties.plan' }, traits: { plan: { '@path': '$.properties.plan' }, id: { '@path': '$.__segment_id' } } }, 'omit'), { traits: { id: '42' } });
  });

  it('keeps nulls that the mapping writes itself', () => {
    assert.deepEqual(map({ owner: null }, 'omit'), { owner: null });
  });

  it('leaves a deleted record with its identity alone', () => {
    const deleted = event('42', { id: null, email: null }, 'deleted');
    assert.deepEqual(map(null, 'omit', deleted), { type: 'track', event: 'deleted', messageId: 'customers_to_crm-1-42', __segment_id: '42', properties: {} });
  });
});
