import assert from 'node:assert/strict';
import fc from 'fast-check';
import { eventsOf } from '../../../../src/domain/staged-record.js';
import { CopiedRows } from '../../../../src/warehouses/postgres/copied-rows.js';
import type { DeltaBlock } from '../../../../src/warehouses/warehouse.js';
import { kept } from '../../../support/staged-bytes.js';

interface Row {
  readonly chunk: number;
  readonly version: string;
  readonly event: string;
}

const row = fc.record({ chunk: fc.nat(12), version: fc.stringMatching(/^-?\d{0,20}$/), event: fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => `{${text}`) });

/** What COPY writes: a header, for each row the number of fields and each field after its length, and a trailer. */
function copied(rows: readonly Row[]): Buffer {
  const fields = rows.map(({ chunk, version, event }) => {
    const text = version + event;
    const head = Buffer.alloc(14);
    head.writeInt16BE(2, 0);
    head.writeInt32BE(4, 2);
    head.writeInt32BE(chunk, 6);
    head.writeInt32BE(Buffer.byteLength(text), 10);
    return Buffer.concat([head, Buffer.from(text)]);
  });
  return Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8), ...fields, Buffer.from([0xff, 0xff])]);
}

function read(bytes: Buffer, cuts: readonly number[], blockBytes: number): DeltaBlock[] {
  const rows = new CopiedRows({ chunks: 3, batchSize: 4, blockBytes });
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
  const blocks: DeltaBlock[] = [];
  for (const piece of pieces) for (const block of rows.push(piece)) blocks.push(...kept(block));
  for (const block of rows.end()) blocks.push(...kept(block));
  return blocks;
}

describe('copied rows', () => {
  it('give every chunk its records, whole and in order, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 10 }), fc.constantFrom(1, 50, 65_536), (rows, cuts, blockBytes) => {
        const blocks = read(copied(rows), cuts, blockBytes);
        for (let chunk = 0; chunk <= 12; chunk++) {
          const given = blocks.filter((block) => block.chunk === chunk);
          const wanted = rows.filter((one) => one.chunk === chunk);
          assert.deepEqual(given.flatMap((block) => eventsOf(block).map(String)), wanted.map(({ event }) => event));
          assert.equal(given.map(({ events }) => String(events)).join(''), wanted.map(({ event }) => `\n${event},`).join(''));
          assert.equal(given.map(({ versions }) => String(versions)).join(''), wanted.map(({ version }) => `${version}\n`).join(''));
        }
      }),
    );
  });

  it('are given out as soon as a chunk has a block of them', () => {
    const given = [...new CopiedRows({ chunks: 1, batchSize: 500, blockBytes: 100 }).push(copied(Array.from({ length: 1_000 }, () => ({ chunk: 7, version: '1', event: `{${'x'.repeat(29)}` }))))];
    assert(given.every((block) => block.events.length >= 100 && block.events.length < 133));
    assert(given.reduce((sum, block) => sum + block.ends.length, 0) > 995);
  });

  it('come in whole batches where these fit into a block', () => {
    const given = [...new CopiedRows({ chunks: 1, batchSize: 3, blockBytes: 300 }).push(copied(Array.from({ length: 100 }, () => ({ chunk: 7, version: '1', event: `{${'x'.repeat(29)}}` }))))];
    assert.deepEqual(new Set(given.map((block) => block.ends.length)), new Set([9]));
  });

  it('are none where nothing was copied', () => {
    assert.deepEqual(read(copied([]), [3], 100), []);
  });
});
