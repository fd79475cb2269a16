import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chunkCountFor } from '../../../src/domain/chunks.js';

const batchSize = fc.integer({ min: 1, max: 10_000 });
const concurrency = fc.integer({ min: 1, max: 64 });

describe('the number of chunks', () => {
  it('is none for no records, and at least one for any', () => {
    assert.equal(chunkCountFor(0, 500, 4), 0);
    fc.assert(fc.property(fc.integer({ min: 1, max: 150_000_000 }), batchSize, concurrency, (records, ...rest) => chunkCountFor(records, ...rest) >= 1));
  });

  it('never falls when there are more records or more senders', () => {
    fc.assert(
      fc.property(fc.nat(150_000_000), fc.nat(1_000_000), batchSize, concurrency, (records, more, size, senders) => {
        assert(chunkCountFor(records + more, size, senders) >= chunkCountFor(records, size, senders));
        assert(chunkCountFor(records, size, senders + 1) >= chunkCountFor(records, size, senders));
      }),
    );
  });

  it('gives every sender several chunks once there are enough batches', () => {
    assert.equal(chunkCountFor(100_000, 500, 4), 16);
    assert.equal(chunkCountFor(100_000, 500, 1), 4);
  });

  it('leaves few records in one chunk, because each chunk ends in a part-filled batch', () => {
    assert.equal(chunkCountFor(1, 500, 4), 1);
    assert.equal(chunkCountFor(8 * 500, 500, 4), 1);
    assert.equal(chunkCountFor(8 * 500 + 1, 500, 4), 2);
  });

  it('keeps chunks from growing with the sync', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 150_000_000 }), batchSize, concurrency, (records, ...rest) => records / chunkCountFor(records, ...rest) <= 250_000));
  });
});
