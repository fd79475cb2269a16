import type { StagedLines } from '../warehouse.js';

const lineFeed = 0x0a;
const tab = 0x09;
const zero = 0x30;

/** Collects `<chunk>\t<line>\n` bytes into blocks of whole lines by chunk. Holds at most `blockBytes` for each chunk, plus one part line. */
export class ChunkSplitter {
  private readonly pending = new Map<number, { parts: Buffer[]; bytes: number; records: number }>();
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly blockBytes = 64 * 1024) {}

  /** Takes the next bytes, cut anywhere; gives out the blocks that are full. */
  *push(bytes: Buffer): Generator<StagedLines> {
    const input = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    let start = 0;
    for (let end = input.indexOf(lineFeed, start); end !== -1; end = input.indexOf(lineFeed, start)) {
      const full = this.addLine(input, start, end + 1);
      if (full !== null) yield full;
      start = end + 1;
    }
    this.rest = input.subarray(start);
  }

  /** Gives out what is left after the last bytes. */
  *end(): Generator<StagedLines> {
    for (const chunk of this.pending.keys()) {
      const block = this.take(chunk);
      if (block !== null) yield block;
    }
  }

  private addLine(input: Buffer, start: number, end: number): StagedLines | null {
    let chunk = 0;
    let at = start;
    for (; input[at] !== tab; at++) chunk = chunk * 10 + ((input[at] ?? zero) - zero);
    let block = this.pending.get(chunk);
    if (block === undefined) {
      block = { parts: [], bytes: 0, records: 0 };
      this.pending.set(chunk, block);
    }
    block.parts.push(input.subarray(at + 1, end));
    block.bytes += end - at - 1;
    block.records += 1;
    return block.bytes >= this.blockBytes ? this.take(chunk) : null;
  }

  private take(chunk: number): StagedLines | null {
    const block = this.pending.get(chunk);
    if (block === undefined || block.records === 0) return null;
    this.pending.set(chunk, { parts: [], bytes: 0, records: 0 });
    return { chunk, lines: Buffer.concat(block.parts, block.bytes), records: block.records };
  }
}
