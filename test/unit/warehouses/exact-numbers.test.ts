import assert from 'node:assert/strict';
import fc from 'fast-check';
import { eventsOf } from '../../../src/domain/staged-record.js';
import { ChunkBlocks } from '../../../src/warehouses/chunk-blocks.js';
import { quoteInexactNumbers, withExactNumbers } from '../../../src/warehouses/exact-numbers.js';

describe('numbers inside lists and objects', () => {
  it('stay numbers where a double holds them, and become strings where it does not', () => {
    const exact = ['0', '-0', '1.5', '9007199254740991', '-9007199254740991', '0.1', '1e3', '1.0000000000000000', '123456789.1234567', '0.30000000000000004', '1e20', '1e+308'];
    const inexact = ['9007199254740993', '-9007199254740993', '1152921504606846976', '1e400', '-1e999', '1.5e-400', '0.1234567890123456789', '12345678901234567.5', '1.00000000000000001'];
    for (const number of exact) assert.equal(quoteInexactNumbers(`{"a":[${number},{"b":${number}}]}`), `{"a":[${number},{"b":${number}}]}`);
    for (const number of inexact) assert.equal(quoteInexactNumbers(`{"a":[${number},{"b":${number}}]}`), `{"a":["${number}",{"b":"${number}"}]}`);
  });

  it('are told from digits in texts and in keys', () => {
    const json = '{"9007199254740993":"[1, 9007199254740993, \\"9007199254740993]","b":"\\\\","c":1}';
    assert.equal(quoteInexactNumbers(json), json);
  });

  it('are found in each event of a block, and the places where events end move with them', () => {
    const blocks = new ChunkBlocks({ chunks: 1, batchSize: 500 });
    for (const record of ['-9007199254740993{"a":[9007199254740993],"b":"Zoë"}', '{}', '7{"c":[1e400]}']) blocks.addText(3, record);
    const [block] = [...blocks.end()].map(withExactNumbers);
    assert(block !== undefined);
    assert.deepEqual(eventsOf(block).map(String), ['{"a":["9007199254740993"],"b":"Zoë"}', '{}', '{"c":["1e400"]}']);
    assert.equal(block.events.length, (block.ends[2] ?? 0) + 1);
    assert.equal(String(block.versions), '-9007199254740993\n\n7\n');
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
