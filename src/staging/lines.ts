import { EventArray } from '../domain/events.js';
import { startOfEvent, type StagedBlock } from '../domain/staged-record.js';
import { blocksIn } from './pages.js';

/** Records that leave together. Each is a line of its chunk, though no line feed stands behind it. Where each event ends is known until the next batch is asked for. */
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
 * Those that end in one piece come together, and wait for nothing between them. Holds one batch and one page at a time, whatever the chunk's size. Keeps nothing of a piece once it asks for the next.
 *
 * @throws StagingLostError when the chunk ends in the middle of a page
 */
export async function* batchesOf(pieces: AsyncIterable<Buffer>, limits: BatchLimits, skipLines: number): AsyncGenerator<Iterable<LineBatch>, void, undefined> {
  const cutter = new BatchCutter(limits, skipLines);
  for await (const blocks of blocksIn(pieces)) yield cutter.cut(blocks);
  yield cutter.end();
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

  *cut(blocks: Iterable<StagedBlock>): Generator<LineBatch, void, undefined> {
    for (const block of blocks) {
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
  }

  end(): readonly LineBatch[] {
    return this.#packer.size === 0 ? [] : [this.#take()];
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

/** How many batches share a piece of memory: to get it and to give it back costs about as much for several as for one. */
const batchesInPiece = 4;

/** Puts events one after the other into a piece of memory that grows. */
class EventPacker {
  size = 0;
  /** What a batch's events were written to is not written to again: a destination may still be sending it. */
  #piece = Buffer.alloc(0);
  /** Where the batch begins in the piece. */
  #from = 0;
  /** Where its next event begins, from there. */
  #next = 1;
  #lastBytes = 0;
  readonly #ends: Uint32Array;

  constructor(most: number) {
    this.#ends = new Uint32Array(most);
  }

  /** Bytes of the events alone. */
  get eventBytes(): number {
    return this.#next - 1 - this.size;
  }

  /** Takes the records from number `first` up to number `end` of a block, in one piece. */
  add({ events, ends }: StagedBlock, first: number, end: number): void {
    const [start, stop] = [startOfEvent(ends, first), startOfEvent(ends, end)];
    const bytes = this.#next + stop - start;
    if (this.#from + bytes > this.#piece.length) this.#move(bytes);
    events.copy(this.#piece, this.#from + this.#next, start, stop);
    const moved = this.#next - start;
    for (let index = first; index < end; index++) this.#ends[this.size++] = (ends[index] ?? 0) + moved;
    this.#next = bytes;
  }

  /** Gives the events out and starts anew. */
  take(): EventArray {
    const json = this.#piece.subarray(this.#from, this.#from + this.#next);
    json[0] = openingBracket;
    json[json.length - 1] = closingBracket;
    const events = new EventArray(json, this.#ends.subarray(0, this.size));
    // One batch is nearly as large as the next: where that one will hardly fit, it need not be begun here and moved.
    const end = this.#from + json.length;
    this.#from = this.#piece.length - end < json.length + (json.length >> 4) ? this.#piece.length : end;
    this.#lastBytes = json.length;
    this.size = 0;
    this.#next = 1;
    return events;
  }

  /** Goes on in a new piece with what there is of the batch. */
  #move(bytes: number): void {
    const piece = Buffer.allocUnsafeSlow(Math.max(2 * bytes, batchesInPiece * this.#lastBytes));
    this.#piece.copy(piece, 0, this.#from, this.#from + this.#next);
    this.#piece = piece;
    this.#from = 0;
  }
}
