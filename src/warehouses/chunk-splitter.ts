import type { StagedLines } from './warehouse.js';

const lineFeed = 0x0a;
const tab = 0x09;
const zero = 0x30;

/** Lines of one chunk, copied together: views on the input would keep all of it in memory. */
interface Block {
  buffer: Buffer;
  bytes: number;
  records: number;
}

/** Collects `<chunk>\t<line>\n` bytes into blocks of whole lines by chunk. Holds at most a block for each chunk, plus one part line. */
export class ChunkSplitter {
  private readonly blocks = new Map<number, Block>();
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly blockBytes = 64 * 1024) {}

  /** Takes the next bytes, cut anywhere; gives out the blocks that are full. */
  *push(bytes: Buffer): Generator<StagedLines> {
    const input = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    let start = 0;
    for (let end = input.indexOf(lineFeed, start); end !== -1; end = input.indexOf(lineFeed, start)) {
      let chunk = 0;
      for (; input[start] !== tab; start++) chunk = chunk * 10 + ((input[start] ?? zero) - zero);
      const block = this.add(chunk, input, start + 1, end + 1);
      if (block.bytes >= this.blockBytes) yield this.take(chunk, block);
      start = end + 1;
    }
    this.rest = input.subarray(start);
  }

  /** Gives out what is left after the last bytes. */
  *end(): Generator<StagedLines> {
    for (const [chunk, block] of this.blocks) yield this.take(chunk, block);
  }

  private add(chunk: number, input: Buffer, start: number, end: number): Block {
    const length = end - start;
    let block = this.blocks.get(chunk);
    if (block === undefined) {
      block = { buffer: Buffer.allocUnsafe(Math.max(this.blockBytes + 4096, length)), bytes: 0, records: 0 };
      this.blocks.set(chunk, block);
    }
    if (block.bytes + length > block.buffer.length) block.buffer = Buffer.concat([block.buffer.subarray(0, block.bytes)], block.bytes + length);
    input.copy(block.buffer, block.bytes, start, end);
    block.bytes += length;
    block.records += 1;
    return block;
  }

  private take(chunk: number, { buffer, bytes, records }: Block): StagedLines {
    this.blocks.delete(chunk);
    return { chunk, lines: buffer.subarray(0, bytes), records };
  }
}
