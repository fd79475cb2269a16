import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseDuration } from '../../../src/config/durations.js';

const units = [
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
] as const;

describe('durations', () => {
  it('are a whole number times the ms of their unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.constantFrom(...units), (amount, [unit, ms]) => {
        assert.equal(parseDuration(`${amount}${unit}`), amount * ms);
      }),
    );
  });

  it('are nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^[0-9]+(ms|s|m|h|d)$/.test(text));
        assert.equal(parseDuration(text), null);
      }),
    );
    for (const text of ['', '15', 'm', '-1m', '1.5h', '1h30m', ' 1h', '1h\n', '1 h', '1H', '١h', '1e3s']) {
      assert.equal(parseDuration(text), null, text);
    }
  });

  it('are refused where a double no longer counts every ms', () => {
    assert.equal(parseDuration('9007199254740991ms'), Number.MAX_SAFE_INTEGER);
    assert.equal(parseDuration('9007199254740992ms'), null);
  });
});
