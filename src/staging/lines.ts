import { EventArray } from '../domain/events.js';
import { startOfEvent, type StagedBlock } from '../domain/staged-record.js';
import { blocksIn } from './pages.js';

/** Records that leave together. Each is a line of its chunk, though no line feed stands behind it. */
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
 * Holds one batch and one page at a time, whatever the chunk's size. Keeps nothing of a piece once it asks for the next.
 *
 * @throws StagingLostError when the chunk ends in the middle of a page
 */
export async function* batchesOf(pieces: AsyncIterable<Buffer>, limits: BatchLimits, skipLines: number): AsyncGenerator<LineBatch, void, undefined> {
  const cutter = new BatchCutter(limits, skipLines);
  for await (const blocks of blocksIn(pieces)) {
    for (const block of blocks) {
      for (const batch of cutter.push(block)) yield batch;
    }
  }
  const last = cutter.end();
  if (last !== null) yield last;
}

class BatchCutter {
  readonly #packer: EventPacker;
  #lineNumber = 0;

  constructor(
    private readonly limits: BatchLimits,
    private readonly skipLines: number,
  ) {
    this.#packer = new EventPacker(limits.batchSize);
  }

  *push(block: StagedBlock): Generator<LineBatch, void, undefined> {
    const records = block.ends.length;
    let next = Math.min(records, Math.max(0, this.skipLines - this.#lineNumber));
    this.#lineNumber += next;
    while (next < records) {
      const fit = this.#fitting(block, next);
      this.#packer.add(block, next, fit);
      this.#lineNumber += fit - next;
      next = fit;
      if (next < records) yield this.#take();
    }
  }

  end(): LineBatch | null {
    return this.#packer.size === 0 ? null : this.#take();
  }

  /** Up to which record those from `first` on fit into the batch. */
  #fitting({ ends }: StagedBlock, first: number): number {
    const { batchSize, batchBytes } = this.limits;
    // Bytes of events alone, so a comma for each is taken off. Nearly always all fit, so the search begins there.
    const room = batchBytes - this.#packer.eventBytes + startOfEvent(ends, first) - first;
    let next = Math.min(ends.length, first + batchSize - this.#packer.size);
    while (next > first && startOfEvent(ends, next) - next > room) next--;
    return next === first && this.#packer.size === 0 ? first + 1 : next;
  }

  #take(): LineBatch {
    return { firstLine: this.#lineNumber - this.#packer.size, events: this.#packer.take() };
  }
}

const openingBracket = 0x5b;
const closingBracket = 0x5d;

/** Puts events one after the other into a buffer that grows. */
class EventPacker {
  size = 0;
  #json = Buffer.allocUnsafeSlow(4096);
  #ends: Uint32Array;
  /** Where the next event begins. */
  #next = 1;

  constructor(private readonly most: number) {
    this.#ends = new Uint32Array(most);
  }

  /** Bytes of the events alone. */
  get eventBytes(): number {
    return this.#next - 1 - this.size;
  }

  /** Takes the records from number `first` up to number `end` of a block, in one piece. */
  add({ events, ends }: StagedBlock, first: number, end: number): void {
    const [start, stop] = [startOfEvent(ends, first), startOfEvent(ends, end)];
    if (this.#next + stop - start > this.#json.length) this.#grow(this.#next + stop - start);
    events.copy(this.#json, this.#next, start, stop);
    const moved = this.#next - start;
    for (let index = first; index < end; index++) this.#ends[this.size++] = (ends[index] ?? 0) + moved;
    this.#next += stop - start;
  }

  /** Gives the events out and starts anew, with room for as many bytes, because one batch is nearly as large as the next. */
  take(): EventArray {
    this.#json[0] = openingBracket;
    this.#json[this.#next - 1] = closingBracket;
    const events = new EventArray(this.#json.subarray(0, this.#next), this.#ends.subarray(0, this.size));
    this.#json = Buffer.allocUnsafeSlow(this.#next + (this.#next >> 4));
    this.#ends = new Uint32Array(this.most);
    this.size = 0;
    this.#next = 1;
    return events;
  }

  #grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(least, 2 * this.#json.length));
    this.#json.copy(larger, 0, 0, this.#next);
    this.#json = larger;
  }
}
