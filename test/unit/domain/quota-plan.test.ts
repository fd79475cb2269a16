import assert from 'node:assert/strict';
import { recordLimitOf, type WorkspacePlan } from '../../../src/domain/plan.js';
import { isQuotaTerms } from '../../../src/domain/quota-state.js';

describe('the limit of a plan', () => {
  it('is what the source document says', () => {
    assert.equal(recordLimitOf({ kind: 'free' }), 500_000);
    assert.equal(recordLimitOf({ kind: 'teams' }), 1_000_000);
    assert.equal(recordLimitOf({ kind: 'business', per: 'mtus', count: 10_000 }), 500_000);
    assert.equal(recordLimitOf({ kind: 'business', per: 'apiCalls', count: 4_000_000 }), 1_000_000);
    assert.equal(recordLimitOf({ kind: 'custom', records: 750_000 }), 750_000);
  });

  it('has no part of a record', () => {
    assert.equal(recordLimitOf({ kind: 'business', per: 'apiCalls', count: 7 }), 1);
  });
});

describe('terms that arrive by message', () => {
  const terms = { plan: { kind: 'free' } satisfies WorkspacePlan, billingCycleDay: 1, countFailed: true };

  it('are taken for every kind of plan', () => {
    const plans: WorkspacePlan[] = [{ kind: 'free' }, { kind: 'teams' }, { kind: 'business', per: 'mtus', count: 1 }, { kind: 'business', per: 'apiCalls', count: 0 }, { kind: 'custom', records: 5 }];
    for (const plan of plans) assert.ok(isQuotaTerms({ ...terms, plan }), JSON.stringify(plan));
  });

  it('are refused when they are none', () => {
    const wrong: unknown[] = [null, 'free', {}, { ...terms, billingCycleDay: 29 }, { ...terms, billingCycleDay: 1.5 }, { ...terms, countFailed: 'yes' }];
    const plans: unknown[] = [null, 'free', { kind: 'gold' }, { kind: 'custom' }, { kind: 'custom', records: -1 }, { kind: 'business', per: 'people', count: 1 }, { kind: 'business', per: 'mtus' }];
    for (const value of [...wrong, ...plans.map((plan) => ({ ...terms, plan }))]) assert.ok(!isQuotaTerms(value), JSON.stringify(value));
  });
});
