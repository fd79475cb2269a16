import { ChunkBlocks, type BlockShape } from '../chunk-blocks.js';
import type { DeltaBlock } from '../warehouse.js';
import type { StreamParser } from './client.js';

/** Signature, flags and an empty extension. */
const headerBytes = 19;
/** The number of fields, the first one's length, the chunk, the second one's length. The trailer is shorter, and nothing follows it. */
const rowHeadBytes = 14;
const chunkAt = 6;
const lengthAt = 10;

/**
 * Takes COPY's binary format apart, with rows of (chunk integer, record text). It has every length beforehand, where text would have to be searched for its ends,
 * and costs the server half: there is nothing to escape.
 */
export class CopiedRows implements StreamParser<DeltaBlock> {
  private readonly blocks: ChunkBlocks;
  private rest: Buffer = Buffer.alloc(0);
  private position = headerBytes;

  constructor(shape: BlockShape) {
    this.blocks = new ChunkBlocks(shape);
  }

  /** Takes the next bytes, cut anywhere; gives out the blocks that are full. */
  *push(bytes: Buffer): Generator<DeltaBlock> {
    const input = this.blocks.read(this.rest, bytes);
    let start = this.position;
    while (start + rowHeadBytes <= input.length) {
      const end = start + rowHeadBytes + input.readInt32BE(start + lengthAt);
      if (end > input.length) break;
      const full = this.blocks.add(input.readInt32BE(start + chunkAt), start + rowHeadBytes, end);
      if (full !== null) yield full;
      start = end;
    }
    this.rest = input.subarray(Math.min(start, input.length));
    this.position = start - (input.length - this.rest.length);
  }

  end(): Iterable<DeltaBlock> {
    return this.blocks.end();
  }
}
