import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StagingLostError } from '../../../src/errors/errors.js';
import { batchesOf } from '../../../src/staging/lines.js';
import { inPieces, stagedBytes } from '../../support/staged-bytes.js';

/** A batch as it was before the next one was asked for. */
interface Batch {
  readonly firstLine: number;
  readonly texts: readonly string[];
  readonly json: string;
  readonly memory: ArrayBufferLike;
}

async function collect(pieces: AsyncIterable<Buffer>, batchSize: number, batchBytes: number, skip = 0): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const some of batchesOf(pieces, { batchSize, batchBytes }, skip)) {
    for (const { firstLine, events } of some) {
      assert.deepEqual(events.parse(), events.views().map((view) => JSON.parse(view.toString()) as unknown));
      batches.push({ firstLine, texts: events.views().map(String), json: String(events.json), memory: events.json.buffer });
    }
  }
  return batches;
}

const event = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => JSON.stringify({ text }));
const version = fc.constantFrom('', '7', '-9223372036854775808');

describe('cutting a chunk into batches', () => {
  it('gives the same events in order, without their versions, wherever the blocks are cut, numbers them, and keeps both bounds', async () => {
    const cases = fc.asyncProperty(
      fc.array(fc.tuple(version, event), { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 30 }), fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 200 }), fc.nat(70),
      async (records, cuts, pageBytes, batchSize, batchBytes, skip) => {
        const bytes = stagedBytes(records.map((parts) => parts.join('')), pageBytes);
        const batches = await collect(inPieces(bytes, cuts), batchSize, batchBytes, skip);
        assert.deepEqual(batches.flatMap(({ texts }) => texts), records.slice(skip).map((parts) => parts[1]));
        let next = skip;
        for (const batch of batches) {
          assert.equal(batch.firstLine, next);
          next += batch.texts.length;
          assert(batch.texts.length >= 1 && batch.texts.length <= batchSize);
          const bytes = batch.texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
          assert(bytes <= batchBytes || batch.texts.length === 1);
        }
      },
    );
    await fc.assert(cases, { numRuns: 300 });
  });

  it('fills batches as far as the bounds allow, wherever a page ends', async () => {
    for (const pageBytes of [1, 5, 100]) {
      const bytes = stagedBytes(['1{}', '2{}', '3{}', '4{"d":1}', '5{ }'], pageBytes);
      const batches = await collect(inPieces(bytes, []), 3, 5);
      assert.deepEqual(batches.map(({ texts }) => texts), [['{}', '{}'], ['{}'], ['{"d":1}'], ['{ }']]);
    }
  });

  it('has them as one JSON array too', async () => {
    const records = ['1{"a":1}', '2{"b":"["}', '3{"c":",]"}', '4{}'];
    for (const pageBytes of [1, 10, 1_000]) {
      for (const cuts of [[], [1], [30, 70]]) {
        const batches = await collect(inPieces(stagedBytes(records, pageBytes), cuts), 2, 100);
        assert.deepEqual(batches.map(({ json }) => json), ['[{"a":1},\n{"b":"["}]', '[{"c":",]"},\n{}]']);
      }
    }
  });

  it('copies no batch that lies in one page of one piece', async () => {
    const staged = stagedBytes(['1{"a":1}', '2{"b":2}', '3{"c":3}', '4{"d":4}', '5{"e":5}']);
    const notCopied = async (batchSize: number): Promise<boolean[]> => {
      const bytes = Buffer.allocUnsafeSlow(staged.length);
      staged.copy(bytes);
      return (await collect(inPieces(bytes, []), batchSize, 100)).map(({ memory }) => memory === bytes.buffer);
    };
    assert.deepEqual(await notCopied(2), [true, true, false]); // of the last one, more might have come
    assert.deepEqual(await notCopied(5), [true]);
  });

  it('takes a chunk for lost that ends in the middle of a page', async () => {
    const bytes = stagedBytes(['1{"a":1}', '2{}']);
    for (const length of [1, 12, bytes.length - 1]) await assert.rejects(collect(inPieces(bytes.subarray(0, length), []), 10, 100), StagingLostError);
  });
});
