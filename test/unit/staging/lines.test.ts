import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StagingLostError } from '../../../src/errors/errors.js';
import { batchesOf, type LineBatch } from '../../../src/staging/lines.js';

async function* cut(content: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const places = [0, ...cuts.map((place) => place % (content.length + 1)).sort((a, b) => a - b), content.length];
  for (const [index, place] of places.entries()) yield content.subarray(place, places[index + 1] ?? content.length);
}

async function collect(content: Buffer, cuts: readonly number[], batchSize: number, batchBytes: number, skip: number): Promise<LineBatch[]> {
  const batches: LineBatch[] = [];
  for await (const batch of batchesOf(cut(content, cuts), { batchSize, batchBytes }, skip)) batches.push(batch);
  return batches;
}

function textsOf({ events }: LineBatch): string[] {
  assert.deepEqual(events.parse(), events.views().map((view) => JSON.parse(view.toString()) as unknown));
  return events.views().map(String);
}

const event = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => JSON.stringify({ text }));
const version = fc.constantFrom('', '7', '-9223372036854775808');

describe('cutting a chunk into batches', () => {
  it('gives the same events in order, without their versions, wherever the blocks are cut, numbers them, and keeps both bounds', async () => {
    const cases = fc.asyncProperty(
      fc.array(fc.tuple(version, event), { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 200 }), fc.nat(70),
      async (lines, cuts, batchSize, batchBytes, skip) => {
        const batches = await collect(Buffer.from(lines.map((parts) => `${parts.join('')}\n`).join('')), cuts, batchSize, batchBytes, skip);
        assert.deepEqual(batches.flatMap((batch) => textsOf(batch)), lines.slice(skip).map((parts) => parts[1]));
        let next = skip;
        for (const batch of batches) {
          assert.equal(batch.firstLine, next);
          next += batch.events.size;
          assert(batch.events.size >= 1 && batch.events.size <= batchSize);
          const bytes = batch.events.views().reduce((sum, one) => sum + one.length, 0);
          assert(bytes <= batchBytes || batch.events.size === 1);
        }
      },
    );
    await fc.assert(cases, { numRuns: 300 });
  });

  it('fills batches as far as the bounds allow', async () => {
    const batches = await collect(Buffer.from('1{}\n2{}\n3{}\n4{"d":1}\n5{ }\n'), [], 3, 5, 0);
    assert.deepEqual(batches.map((batch) => textsOf(batch)), [['{}', '{}'], ['{}'], ['{"d":1}'], ['{ }']]);
  });

  it('has them as one JSON array too, and keeps nothing of the blocks they came in', async () => {
    const block = Buffer.from('1{"a":1}\n2{"b":"["}\n3{"c":');
    const rest = Buffer.from('",]"}\n');
    const blocks = async function* () {
      for (const one of [block, rest]) {
        yield one;
        one.fill(0);
      }
    };
    const batches: LineBatch[] = [];
    for await (const batch of batchesOf(blocks(), { batchSize: 2, batchBytes: 100 }, 0)) batches.push(batch);
    assert.deepEqual(batches.map(({ events }) => String(events.json)), ['[{"a":1},{"b":"["}]', '[{"c":",]"}]']);
  });

  it('takes a chunk for lost that ends in the middle of a line', async () => {
    await assert.rejects(collect(Buffer.from('{}\n{'), [], 10, 100, 0), StagingLostError);
  });
});
