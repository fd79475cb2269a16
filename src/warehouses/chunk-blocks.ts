import type { StagedLines } from './warehouse.js';

/** Lines of one chunk, copied together: views on the input would keep all of it in memory. */
interface Block {
  buffer: Buffer;
  bytes: number;
  records: number;
}

/** Collects lines into blocks by chunk. Holds at most a block for each chunk. */
export class ChunkBlocks {
  private readonly blocks = new Map<number, Block>();

  constructor(private readonly blockBytes = 64 * 1024) {}

  /** Takes one line, without its line feed, from `start` up to `end` of `input`; returns the chunk's block when it is full, or null. */
  add(chunk: number, input: Buffer, start: number, end: number): StagedLines | null {
    const length = end - start + 1;
    let block = this.blocks.get(chunk);
    if (block === undefined) {
      block = { buffer: Buffer.allocUnsafe(Math.max(this.blockBytes + 4096, length)), bytes: 0, records: 0 };
      this.blocks.set(chunk, block);
    }
    if (block.bytes + length > block.buffer.length) block.buffer = Buffer.concat([block.buffer.subarray(0, block.bytes)], block.bytes + length);
    input.copy(block.buffer, block.bytes, start, end);
    block.bytes += length;
    block.buffer[block.bytes - 1] = lineFeed;
    block.records += 1;
    return block.bytes < this.blockBytes ? null : this.take(chunk, block);
  }

  /** Gives out what is left. */
  *end(): Generator<StagedLines> {
    for (const [chunk, block] of this.blocks) yield this.take(chunk, block);
  }

  private take(chunk: number, { buffer, bytes, records }: Block): StagedLines {
    this.blocks.delete(chunk);
    return { chunk, lines: buffer.subarray(0, bytes), records };
  }
}

const lineFeed = 0x0a;
