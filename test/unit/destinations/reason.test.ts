import assert from 'node:assert/strict';
import { createReasonWriter, hideValues } from '../../../src/destinations/reason.js';

describe('a reason', () => {
  const record = { email: 'ada@example.com', plan: 'pro', seats: 31_415, note: 'a+b (c)', address: { city: 'Ada', lines: ['1 Long Road'] } };

  it('quotes no value of the record that it is about, and stays readable', () => {
    assert.equal(hideValues('422 email ada@example.com is taken', record), '422 email [value] is taken');
    assert.equal(hideValues('seats=31415, address "1 Long Road", note a+b (c).', record), 'seats=[value], address "[value]", note [value].');
    assert.equal(hideValues('422 no such plan: the pro plan is for 314159 seats', record), '422 no such plan: the pro plan is for 314159 seats');
    assert.equal(hideValues('422 no', {}), '422 no');
  });

  it('hides the longer of two values where one holds the other, and one that it was cut in', () => {
    assert.equal(hideValues('no ada@example.com', { short: 'example', long: 'ada@example.com' }), 'no [value]');
    const cut = createReasonWriter([])(`${'x'.repeat(190)} ada@example.com`);
    assert.equal(hideValues(cut, record), `${'x'.repeat(190)} [value]…`);
  });

  it('takes any value for what it is', () => {
    const odd = ['$&$1', '[a-z]+', '\\d{4}', '----', '😀😀', '^$.*'];
    for (const value of odd) assert.equal(hideValues(`bad value "${value}" here`, { value }), 'bad value "[value]" here', value);
  });
});
