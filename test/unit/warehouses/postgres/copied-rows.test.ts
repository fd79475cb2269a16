import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CopiedRows } from '../../../../src/warehouses/postgres/copied-rows.js';
import type { StagedLines } from '../../../../src/warehouses/warehouse.js';

interface Row {
  readonly chunk: number;
  readonly text: string;
}

const row = fc.record({ chunk: fc.nat(12), text: fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replaceAll('\n', ' ')) });

/** What COPY writes: a header, for each row the number of fields and each field after its length, and a trailer. */
function copied(rows: readonly Row[]): Buffer {
  const fields = rows.map(({ chunk, text }) => {
    const head = Buffer.alloc(14);
    head.writeInt16BE(2, 0);
    head.writeInt32BE(4, 2);
    head.writeInt32BE(chunk, 6);
    head.writeInt32BE(Buffer.byteLength(text), 10);
    return Buffer.concat([head, Buffer.from(text)]);
  });
  return Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8), ...fields, Buffer.from([0xff, 0xff])]);
}

function read(bytes: Buffer, cuts: readonly number[], blockBytes: number): StagedLines[] {
  const rows = new CopiedRows(blockBytes);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
  return [...pieces.flatMap((piece) => [...rows.push(piece)]), ...rows.end()];
}

describe('copied rows', () => {
  it('give every chunk its lines, whole and in order, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 10 }), fc.constantFrom(1, 50, 65_536), (rows, cuts, blockBytes) => {
        const blocks = read(copied(rows), cuts, blockBytes);
        for (const block of blocks) assert.equal(block.lines.toString('utf8').split('\n').length - 1, block.records);
        for (let chunk = 0; chunk <= 12; chunk++) {
          const given = Buffer.concat(blocks.filter((block) => block.chunk === chunk).map((block) => block.lines)).toString('utf8');
          assert.equal(given, rows.filter((one) => one.chunk === chunk).map(({ text }) => `${text}\n`).join(''));
        }
      }),
    );
  });

  it('are given out as soon as a chunk has a block of them', () => {
    const given = [...new CopiedRows(100).push(copied(Array.from({ length: 1_000 }, () => ({ chunk: 7, text: 'x'.repeat(30) }))))];
    assert(given.every((block) => block.lines.length >= 100 && block.lines.length < 131));
    assert(given.reduce((sum, block) => sum + block.records, 0) > 995);
  });

  it('are none where nothing was copied', () => {
    assert.deepEqual(read(copied([]), [3], 100), []);
  });
});
