import assert from 'node:assert/strict';
import path from 'node:path';
import { loadConfiguration, parseSubscription } from '../../../src/config/index.js';
import type { Subscription } from '../../../src/domain/subscription.js';
import { ConfigurationError } from '../../../src/errors/errors.js';

const subscription: Subscription = {
  id: 'customers_to_crm',
  enabled: true,
  model: { name: 'customers', source: 'warehouse', query: 'select 1 as id', identifier: 'id', timestamp: null },
  destination: 'crm',
  syncMode: 'mirror',
  schedule: { kind: 'interval', everyMs: 900_000 },
  mapping: { email: { '@path': '$.properties.email' } },
  nullValues: 'send',
  initialSync: 'send',
  continueImmediately: false,
};

function problemsOf(value: unknown): readonly string[] {
  try {
    parseSubscription(value);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.problems;
  }
}

describe('a subscription that arrives as a payload', () => {
  it('is taken when a configuration file made it', async () => {
    const file = path.join(import.meta.dirname, 'fixtures', 'valid', 'everything.yaml');
    const { subscriptions } = await loadConfiguration(file, {}, { requireVariables: false });
    for (const made of Object.values(subscriptions)) {
      const arrived: unknown = JSON.parse(JSON.stringify(made));
      assert.deepEqual(parseSubscription(arrived), made);
    }
  });

  it('is refused with all that is wrong', () => {
    const wrong = {
      ...subscription,
      id: 'X',
      model: { ...subscription.model, query: 'select 1; select 2', identifier: '' },
      schedule: { kind: 'interval', everyMs: 899_999 },
      mapping: { email: { '@pat': 'x' } },
      surprise: 1,
    };
    const problems = [
      'subscription: id: is no subscription id, expected a lower-case letter, then at most 47 lower-case letters, digits or "_"',
      'subscription: model.query: expected one SQL statement',
      'subscription: model.identifier: is empty, expected text',
      'subscription: schedule: syncs must be at least 15 minutes apart',
      'subscription: mapping.email: has an invalid directive: @pat',
    ];
    const found = problemsOf(wrong);
    assert.deepEqual(found.slice(0, -1), problems);
    assert.match(found.at(-1) ?? '', /^subscription: surprise: unknown key, expected /);
    assert.throws(() => parseSubscription(wrong), ConfigurationError);
  });

  it('is refused when it is no subscription at all', () => {
    for (const value of [undefined, null, 7, 'x', [], {}]) assert.notDeepEqual(problemsOf(value), []);
  });

  it('has no problems when it has none', () => {
    assert.deepEqual(problemsOf(subscription), []);
  });

  it('loses a `;` that ends its query, as a file does', () => {
    assert.equal(parseSubscription({ ...subscription, model: { ...subscription.model, query: 'select 1 as id;' } }).model.query, 'select 1 as id');
  });
});
