import assert from 'node:assert/strict';
import fc from 'fast-check';
import { quoteInexactNumbers } from '../../../src/warehouses/exact-numbers.js';

describe('numbers inside lists and objects', () => {
  it('stay numbers where a double holds them, and become strings where it does not', () => {
    const exact = ['0', '-0', '1.5', '9007199254740991', '-9007199254740991', '0.1', '1e3', '1.0000000000000000', '123456789.1234567', '0.30000000000000004', '1e20', '1e+308'];
    const inexact = ['9007199254740993', '-9007199254740993', '1152921504606846976', '1e400', '-1e999', '1.5e-400', '0.1234567890123456789', '12345678901234567.5', '1.00000000000000001'];
    for (const number of exact) assert.equal(quoteInexactNumbers(`{"a":[${number},{"b":${number}}]}`), `{"a":[${number},{"b":${number}}]}`);
    for (const number of inexact) assert.equal(quoteInexactNumbers(`{"a":[${number},{"b":${number}}]}`), `{"a":["${number}",{"b":"${number}"}]}`);
  });

  it('are told from digits in texts, in keys, and in the versions of staged lines', () => {
    const lines = '-9007199254740993{"9007199254740993":"[1, 9007199254740993, \\"9007199254740993]"}\n123456789012345678{"a":[]}\n12e9999f00123456789012345678{"d":1}\n{"b":"\\\\","c":1}\n';
    assert.equal(quoteInexactNumbers(lines), lines);
  });

  it('lose nothing: what a reader gets reads as what was written', () => {
    const number = fc.oneof(fc.bigInt().map(String), fc.double({ noNaN: true, noDefaultInfinity: true }).map((double) => JSON.stringify(double)), fc.tuple(fc.bigInt(), fc.nat()).map(([whole, part]) => `${whole}.${part}`));
    fc.assert(
      fc.property(number, fc.string({ unit: 'grapheme' }), (written, text) => {
        const read = (JSON.parse(quoteInexactNumbers(`{"x":[${JSON.stringify(text)},${written}]}`)) as { x: [string, unknown] }).x;
        assert.equal(read[0], text);
        if (typeof read[1] === 'string') assert.equal(read[1], written);
        else assert.equal(quoteInexactNumbers(`[${JSON.stringify(read[1])}]`), `[${JSON.stringify(read[1])}]`);
      }),
    );
  });
});
