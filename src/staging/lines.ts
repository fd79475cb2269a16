import { EventArray } from '../domain/events.js';
import { StagingLostError } from '../errors/errors.js';

/** Whole lines that leave together. */
export interface LineBatch {
  /** 0-based number of the first line within the chunk. */
  readonly firstLine: number;
  /** The events, without versions. */
  readonly events: EventArray;
}

export interface BatchLimits {
  readonly batchSize: number;
  readonly batchBytes: number;
}

/**
 * Cuts a staged chunk into batches, of at most `batchSize` lines and `batchBytes` bytes of events (a longer one goes alone), after leaving out `skipLines` lines.
 * Holds one batch and a part of a line at a time, whatever the chunk's size. Keeps nothing of a block once it asks for the next.
 *
 * @throws StagingLostError when the last line has no line feed
 */
export async function* batchesOf(blocks: AsyncIterable<Buffer>, limits: BatchLimits, skipLines: number): AsyncGenerator<LineBatch, void, undefined> {
  const cutter = new BatchCutter(limits, skipLines);
  for await (const block of blocks) yield* cutter.push(block);
  yield* cutter.end();
}

const lineFeed = 0x0a;
const comma = 0x2c;
const openingBracket = 0x5b;
const closingBracket = 0x5d;
const openingBrace = 0x7b;

class BatchCutter {
  readonly #packer = new EventPacker();
  #lineNumber = 0;
  /** Whether the batch is as large as it may get. */
  #isDue = false;
  /** What there is of a line that ends in a later block. */
  #begun: Buffer[] = [];

  constructor(
    private readonly limits: BatchLimits,
    private readonly skipLines: number,
  ) {}

  *push(block: Buffer): Generator<LineBatch, void, undefined> {
    let start = 0;
    if (this.#begun.length > 0) {
      start = block.indexOf(lineFeed) + 1;
      this.#begun.push(Buffer.from(start === 0 ? block : block.subarray(0, start)));
      if (start === 0) return;
      yield* this.#cut(Buffer.concat(this.#begun.splice(0)), 0);
    }
    const rest = yield* this.#cut(block, start);
    if (rest < block.length) this.#begun.push(Buffer.from(block.subarray(rest)));
  }

  *end(): Generator<LineBatch, void, undefined> {
    if (this.#begun.length > 0) throw new StagingLostError('a staged chunk ends in the middle of a line; the next sync finds its records again');
    if (!this.#packer.isEmpty) yield this.#take();
  }

  /** Returns where the first line begins that does not end in this block. */
  *#cut(block: Buffer, from: number): Generator<LineBatch, number, undefined> {
    for (let start = from; ; ) {
      start = this.#fill(block, start);
      if (!this.#isDue) return start;
      yield this.#take();
    }
  }

  /** Packs lines until the batch is due or no whole line is left, and returns where the next one begins. A plain loop, because it runs for every record. */
  #fill(block: Buffer, from: number): number {
    let start = from;
    for (let end = block.indexOf(lineFeed, start); end !== -1 && !this.#isDue; end = block.indexOf(lineFeed, start)) {
      if (this.#lineNumber >= this.skipLines) {
        const event = afterVersion(block, start, end);
        if (!this.#packer.isEmpty && this.#packer.eventBytes + end - event > this.limits.batchBytes) {
          this.#isDue = true;
          return start;
        }
        this.#packer.add(block, event, end);
        this.#isDue = this.#packer.size === this.limits.batchSize;
      }
      this.#lineNumber += 1;
      start = end + 1;
    }
    return start;
  }

  #take(): LineBatch {
    this.#isDue = false;
    return { firstLine: this.#lineNumber - this.#packer.size, events: this.#packer.take() };
  }
}

function afterVersion(source: Buffer, start: number, end: number): number {
  // Versions are short: looking byte by byte costs less than a call does.
  let place = start;
  while (place < end && source[place] !== openingBrace) place++;
  return place;
}

/** Writes events one after the other into a buffer that grows. */
class EventPacker {
  #json = Buffer.allocUnsafeSlow(4096);
  #ends: number[] = [];
  /** Where the next event begins. */
  #next = 1;

  get size(): number {
    return this.#ends.length;
  }

  get isEmpty(): boolean {
    return this.#ends.length === 0;
  }

  /** Bytes of the events alone. */
  get eventBytes(): number {
    return this.#next - 1 - this.#ends.length;
  }

  add(source: Buffer, start: number, end: number): void {
    const eventEnd = this.#next + end - start;
    if (eventEnd >= this.#json.length) this.#grow(eventEnd + 1);
    source.copy(this.#json, this.#next, start, end);
    this.#json[eventEnd] = comma;
    this.#ends.push(eventEnd);
    this.#next = eventEnd + 1;
  }

  /** Gives the events out and starts anew, with room for as many bytes, because one batch is nearly as large as the next. */
  take(): EventArray {
    this.#json[0] = openingBracket;
    this.#json[this.#next - 1] = closingBracket;
    const events = new EventArray(this.#json.subarray(0, this.#next), this.#ends);
    this.#json = Buffer.allocUnsafeSlow(this.#next + (this.#next >> 4));
    this.#ends = [];
    this.#next = 1;
    return events;
  }

  #grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(least, 2 * this.#json.length));
    this.#json.copy(larger, 0, 0, this.#next);
    this.#json = larger;
  }
}
