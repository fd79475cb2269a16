import assert from 'node:assert/strict';
import fc from 'fast-check';
import { billingCycleAt, cycleStartOfDay, usageDay } from '../../../src/domain/billing-cycle.js';

const at = (iso: string): number => Date.parse(iso);
const cycleOf = (day: number, iso: string): string[] => {
  const { startMs, endMs } = billingCycleAt(day, at(iso));
  return [startMs, endMs].map((ms) => new Date(ms).toISOString());
};

describe('a billing cycle', () => {
  it('starts on its day at midnight in UTC, and ends where the next one starts', () => {
    assert.deepEqual(cycleOf(15, '2026-03-15T00:00:00Z'), ['2026-03-15T00:00:00.000Z', '2026-04-15T00:00:00.000Z']);
    assert.deepEqual(cycleOf(15, '2026-03-14T23:59:59.999Z'), ['2026-02-15T00:00:00.000Z', '2026-03-15T00:00:00.000Z']);
  });

  it('reaches over the end of a year', () => {
    assert.deepEqual(cycleOf(10, '2026-01-09T12:00:00Z'), ['2025-12-10T00:00:00.000Z', '2026-01-10T00:00:00.000Z']);
    assert.deepEqual(cycleOf(1, '2026-12-31T23:59:59Z'), ['2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z']);
  });

  it('is as long as its month: 28 days, 29 in a leap year, none in 2100', () => {
    const days = (iso: string): number => {
      const { startMs, endMs } = billingCycleAt(1, at(iso));
      return (endMs - startMs) / 86_400_000;
    };
    assert.deepEqual(['2026-02-10', '2028-02-10', '2100-02-10', '2026-03-10', '2026-04-10'].map(days), [28, 29, 28, 31, 30]);
  });

  it('that starts on a 28th holds the 29th of a leap year, and the last days of every month', () => {
    assert.deepEqual(cycleOf(28, '2028-02-29T10:00:00Z'), ['2028-02-28T00:00:00.000Z', '2028-03-28T00:00:00.000Z']);
    assert.deepEqual(cycleOf(28, '2026-03-01T00:00:00Z'), ['2026-02-28T00:00:00.000Z', '2026-03-28T00:00:00.000Z']);
    assert.deepEqual(cycleOf(28, '2026-01-31T23:00:00Z'), ['2026-01-28T00:00:00.000Z', '2026-02-28T00:00:00.000Z']);
  });

  it('leaves no moment out and counts none twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 28 }), fc.integer({ min: at('1999-01-01'), max: at('2101-01-01') }), (day, ms) => {
        const cycle = billingCycleAt(day, ms);
        assert(cycle.startMs <= ms && ms < cycle.endMs);
        assert.equal(new Date(cycle.startMs).getUTCDate(), day);
        assert.deepEqual(billingCycleAt(day, cycle.startMs), cycle);
        assert.equal(billingCycleAt(day, cycle.endMs).startMs, cycle.endMs);
        assert.equal(billingCycleAt(day, cycle.startMs - 1).endMs, cycle.startMs);
      }),
    );
  });

  it('is the same for a moment and for the day that its usage is written down under', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 28 }), fc.integer({ min: at('2020-01-01'), max: at('2040-01-01') }), (day, ms) => {
        assert.equal(cycleStartOfDay(day, usageDay(ms)), billingCycleAt(day, ms).startMs);
      }),
    );
  });
});
