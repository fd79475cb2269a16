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
    const block = this.withRoom(chunk, end - start + 1);
    input.copy(block.buffer, block.bytes, start, end);
    return this.ended(chunk, block, end - start + 1);
  }

  /** The same for a line that is a text: written in its place, because a buffer for each line would be garbage of the size of all records, which is collected late. */
  addText(chunk: number, line: string): StagedLines | null {
    const bytes = Buffer.byteLength(line);
    const block = this.withRoom(chunk, bytes + 1);
    block.buffer.write(line, block.bytes);
    return this.ended(chunk, block, bytes + 1);
  }

  private withRoom(chunk: number, length: number): Block {
    let block = this.blocks.get(chunk);
    if (block === undefined) {
      block = { buffer: Buffer.allocUnsafe(Math.max(this.blockBytes + 4096, length)), bytes: 0, records: 0 };
      this.blocks.set(chunk, block);
    }
    if (block.bytes + length > block.buffer.length) block.buffer = Buffer.concat([block.buffer.subarray(0, block.bytes)], block.bytes + length);
    return block;
  }

  private ended(chunk: number, block: Block, length: number): StagedLines | null {
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
