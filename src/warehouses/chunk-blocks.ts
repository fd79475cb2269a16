import type { DeltaBlock } from './warehouse.js';

/** Records of one chunk, copied together: views on the input would keep all of it in memory. */
interface Block {
  readonly events: Bytes;
  readonly ends: number[];
  readonly versions: Bytes;
}

/** Collects records into blocks by chunk. Holds at most a block for each chunk. */
export class ChunkBlocks {
  private readonly blocks = new Map<number, Block>();

  constructor(private readonly blockBytes = 64 * 1024) {}

  /** Takes one record, `<version><event>`, from `start` up to `end` of `input`; returns the chunk's block when it is full, or null. */
  add(chunk: number, input: Buffer, start: number, end: number): DeltaBlock | null {
    const block = this.blockOf(chunk);
    // Versions are short: looking byte by byte costs less than a call does.
    let event = start;
    while (event < end && input[event] !== openingBrace) event++;
    block.versions.add(input, start, event, lineFeed);
    block.ends.push(block.events.add(input, event, end, comma));
    return this.ended(chunk, block);
  }

  /** The same for a text: written in its place, because a buffer for each would be garbage of the size of all records, which is collected late. */
  addText(chunk: number, record: string): DeltaBlock | null {
    const block = this.blockOf(chunk);
    const event = record.indexOf('{');
    block.versions.addText(record.slice(0, event), lineFeed);
    block.ends.push(block.events.addText(record.slice(event), comma));
    return this.ended(chunk, block);
  }

  /** Gives out what is left. */
  *end(): Generator<DeltaBlock> {
    for (const [chunk, block] of this.blocks) yield this.take(chunk, block);
  }

  private blockOf(chunk: number): Block {
    let block = this.blocks.get(chunk);
    if (block === undefined) {
      block = { events: new Bytes(this.blockBytes + 4096), ends: [], versions: new Bytes(8192) };
      this.blocks.set(chunk, block);
    }
    return block;
  }

  private ended(chunk: number, block: Block): DeltaBlock | null {
    return block.events.length < this.blockBytes ? null : this.take(chunk, block);
  }

  private take(chunk: number, { events, ends, versions }: Block): DeltaBlock {
    this.blocks.delete(chunk);
    return { chunk, events: events.all(), ends: Uint32Array.from(ends), versions: versions.all() };
  }
}

const openingBrace = 0x7b;
const comma = 0x2c;
const lineFeed = 0x0a;

/** Bytes that become more. */
class Bytes {
  length = 0;
  private buffer: Buffer;

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafe(capacity);
  }

  /** Takes bytes and what ends them; returns where it stands. */
  add(input: Buffer, start: number, end: number, mark: number): number {
    this.makeRoom(end - start + 1);
    input.copy(this.buffer, this.length, start, end);
    return this.close(end - start, mark);
  }

  addText(text: string, mark: number): number {
    const bytes = Buffer.byteLength(text);
    this.makeRoom(bytes + 1);
    this.buffer.write(text, this.length);
    return this.close(bytes, mark);
  }

  all(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  private close(added: number, mark: number): number {
    const end = this.length + added;
    this.buffer[end] = mark;
    this.length = end + 1;
    return end;
  }

  private makeRoom(bytes: number): void {
    if (this.length + bytes > this.buffer.length) this.buffer = Buffer.concat([this.all()], Math.max(this.length + bytes, 2 * this.length));
  }
}
