import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createMapper, MappingError, type Mapper } from '../../../src/destinations/mapping.js';
import type { StagedEvent } from '../../../src/domain/events.js';
import { normalized } from '../../../src/domain/hash-directive.js';
import type { JsonObject, NullValues } from '../../../src/domain/subscription.js';
import { ConfigurationError } from '../../../src/errors/errors.js';
import { event } from '../../support/events.js';

const staged = event('42', { id: '42', email: 'ann@example.com', plan: null, big: '9007199254740993', ltv: 0.1, tags: { first: null } });
const apply = (mapper: Mapper | null, from: Buffer): unknown => mapper?.(JSON.parse(from.toString()) as StagedEvent).body;
const map = (mapping: JsonObject | null, nullValues: NullValues = 'send', from = staged): unknown => apply(createMapper(mapping, nullValues), from);

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

describe('hashing a field', () => {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const person = event('42', { email: ' Ann@Example.COM ', phone: '0170 / 123-45', big: '9007199254740993', age: 42, none: null, empty: ' ', done: sha256('ann@example.com'), tags: ['a'] });
  const hash = (column: string, how: JsonObject = {}): JsonObject => ({ '@hash': { value: { '@path': `$.properties.${column}` }, ...how } });
  const hashOf = (column: string, how?: JsonObject): unknown => (map({ hashed: hash(column, how) }, 'send', person) as JsonObject)['hashed'];

  it('gives SHA-256 in hexadecimal of its text', () => {
    assert.deepEqual([hashOf('email'), hashOf('big'), hashOf('age')], [sha256(' Ann@Example.COM '), sha256('9007199254740993'), sha256('42')]);
    // The example of the standard, FIPS 180-2.
    assert.deepEqual(map({ hashed: { '@hash': { value: 'abc' } } }), { hashed: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' });
  });

  it('gives the same for an address however it was written, and leaves a hash as it is', () => {
    assert.deepEqual([hashOf('email', { normalize: 'email' }), hashOf('done', { normalize: 'email' })], [sha256('ann@example.com'), sha256('ann@example.com')]);
  });

  it('writes phone numbers in E.164 first, or their digits', () => {
    assert.equal(hashOf('phone', { normalize: 'phone', countryCode: '49' }), sha256('+4917012345'));
    assert.equal(hashOf('phone', { normalize: 'phoneDigits', countryCode: '49' }), sha256('4917012345'));
  });

  it('leaves nothing as nothing', () => {
    assert.deepEqual([hashOf('none'), hashOf('unknown'), hashOf('empty', { normalize: 'email' })], [null, null, null]);
  });

  it('works wherever a value of the record can stand, beside and within the other directives', () => {
    const email = hash('email', { normalize: 'email' });
    const expected = sha256('ann@example.com');
    const mapping = {
      nested: { list: [email, 'x'] },
      shout: { '@case': { operator: 'upper', value: email } },
      text: { '@json': { mode: 'encode', value: { email } } },
      flat: { '@flatten': { separator: '.', value: { a: { email } } } },
      chosen: { '@if': { exists: { '@path': '$.properties.none' }, then: 1, else: email } },
      twice: { '@hash': { value: { '@case': { operator: 'upper', value: email } } } },
    };
    assert.deepEqual(map(mapping, 'send', person), {
      nested: { list: [expected, 'x'] },
      shout: expected.toUpperCase(),
      text: JSON.stringify({ email: expected }),
      flat: { 'a.email': expected },
      chosen: expected,
      twice: sha256(expected.toUpperCase()),
    });
  });

  it('fails a record that has a list there, without quoting it', () => {
    assert.throws(() => hashOf('tags'), (error) => error instanceof MappingError && error.reason.includes('@hash: expected text or a number') && !error.reason.includes('"a"'));
  });

  it('leaves no trace of the value in what is sent', () => {
    assert.ok(!JSON.stringify(map({ id: { '@path': '$.__segment_id' }, hashed: hash('email') }, 'send', person)).includes('Example'));
  });
});

describe('phone numbers', () => {
  const cases: readonly (readonly [written: string, countryCode: string | undefined, digits: string])[] = [
    ['+49 (0)170 123-45', '44', '4917012345'],
    ['0049 170 12345', undefined, '4917012345'],
    ['(0)20 7946 0000', '44', '442079460000'],
    ['415-555-2671', '1', '14155552671'],
    ['49 170 12345', undefined, '4917012345'],
    ['ext.', '49', ''],
  ];
  for (const [written, countryCode, digits] of cases) {
    it(`reads ${written}${countryCode === undefined ? '' : ` in ${countryCode}`} as ${digits}`, () => {
      const how = countryCode === undefined ? {} : { countryCode };
      assert.equal(normalized(written, { normalize: 'phoneDigits', ...how }), digits);
      assert.equal(normalized(written, { normalize: 'phone', ...how }), digits === '' ? '' : `+${digits}`);
    });
  }
});

describe('omitting null values', () => {
  it('can be said for single columns, either way', () => {
    const nulls = event('42', { plan: null, phone: null, name: 'ann' });
    const propertiesOf = (nullValues: NullValues): unknown => (map(null, nullValues, nulls) as { properties: JsonObject }).properties;
    assert.deepEqual(propertiesOf({ default: 'send', fields: { phone: 'omit', name: 'omit' } }), { plan: null, name: 'ann' });
    assert.deepEqual(propertiesOf({ default: 'omit', fields: { phone: 'send' } }), { phone: null, name: 'ann' });
    assert.equal(createMapper(null, { default: 'send', fields: { phone: 'send' } }), null);
  });

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
