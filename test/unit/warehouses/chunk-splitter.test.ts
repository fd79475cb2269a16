import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ChunkSplitter } from '../../../src/warehouses/chunk-splitter.js';
import type { StagedLines } from '../../../src/warehouses/warehouse.js';

const line = fc.record({ chunk: fc.nat(12), text: fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replaceAll('\n', ' ')) });

function split(bytes: Buffer, cuts: readonly number[], blockBytes: number): StagedLines[] {
  const splitter = new ChunkSplitter(blockBytes);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
  return [...pieces.flatMap((piece) => [...splitter.push(piece)]), ...splitter.end()];
}

describe('the chunk splitter', () => {
  it('gives every chunk its lines, whole and in order, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 10 }), fc.constantFrom(1, 50, 65_536), (lines, cuts, blockBytes) => {
        const blocks = split(Buffer.from(lines.map(({ chunk, text }) => `${chunk}\t${text}\n`).join('')), cuts, blockBytes);
        for (const block of blocks) assert.equal(block.lines.toString('utf8').split('\n').length - 1, block.records);
        for (let chunk = 0; chunk <= 12; chunk++) {
          const given = Buffer.concat(blocks.filter((block) => block.chunk === chunk).map((block) => block.lines)).toString('utf8');
          assert.equal(given, lines.filter((one) => one.chunk === chunk).map(({ text }) => `${text}\n`).join(''));
        }
      }),
    );
  });

  it('holds no more than a block of a chunk back', () => {
    const splitter = new ChunkSplitter(100);
    const given = Array.from({ length: 1_000 }, () => [...splitter.push(Buffer.from(`7\t${'x'.repeat(30)}\n`))]).flat();
    assert(given.every((block) => block.lines.length >= 100 && block.lines.length < 131));
    assert(given.reduce((sum, block) => sum + block.records, 0) > 995);
  });

  it('gives out nothing for nothing', () => {
    assert.deepEqual(split(Buffer.alloc(0), [], 100), []);
  });
});
