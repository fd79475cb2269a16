import { EventArray } from '../domain/events.js';
import { startOfEvent, type StagedBlock } from '../domain/staged-record.js';
import { PageReader } from './pages.js';

/** Records that leave together. Each is a line of its chunk, though no line feed stands behind it. A batch is good until the next one is asked for. */
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
 * Those that end in one piece come together, and wait for nothing between them. A batch that lies in one page of one piece is a part of it, with brackets written over the bytes around it; others are put together.
 *
 * @throws StagingLostError when the chunk ends in the middle of a page
 */
export async function* batchesOf(pieces: AsyncIterable<Buffer>, limits: BatchLimits, skipLines: number): AsyncGenerator<Iterable<LineBatch>, void, undefined> {
  const pages = new PageReader();
  const cutter = new BatchCutter(limits, skipLines);
  for await (const piece of pieces) yield cutter.cut(pages.push(piece));
  pages.end();
  yield cutter.end();
}

class BatchCutter {
  /** What there is of a batch that ends in a later block. */
  readonly #begun: EventPacker;
  #lineNumber = 0;

  constructor(
    private readonly limits: BatchLimits,
    private readonly skipLines: number,
  ) {
    this.#begun = new EventPacker(limits.batchSize);
  }

  *cut(blocks: Iterable<StagedBlock>): Generator<LineBatch, void, undefined> {
    for (const block of blocks) {
      const records = block.ends.length;
      let next = Math.min(records, Math.max(0, this.skipLines - this.#lineNumber));
      this.#lineNumber += next;
      while (next < records) {
        const fit = this.#fitting(block, next);
        const firstLine = this.#lineNumber;
        this.#lineNumber += fit - next;
        const isWhole = fit < records || this.#begun.size + fit - next === this.limits.batchSize;
        if (this.#begun.size === 0 && isWhole) {
          yield { firstLine, events: EventArray.inPlace(...partOf(block, next, fit)) };
        } else {
          this.#begun.add(block, next, fit);
          if (isWhole) yield this.#take();
        }
        next = fit;
      }
    }
  }

  end(): readonly LineBatch[] {
    return this.#begun.size === 0 ? [] : [this.#take()];
  }

  /** Up to which record those from `first` on fit into the batch. */
  #fitting({ ends }: StagedBlock, first: number): number {
    const { batchSize, batchBytes } = this.limits;
    // Bytes of events alone, so the two around each are taken off. Nearly always all fit, so the search begins there.
    const room = batchBytes - this.#begun.eventBytes + startOfEvent(ends, first) - 2 * first;
    let next = Math.min(ends.length, first + batchSize - this.#begun.size);
    while (next > first && startOfEvent(ends, next) - 2 * next > room) next--;
    return next === first && this.#begun.size === 0 ? first + 1 : next;
  }

  #take(): LineBatch {
    return { firstLine: this.#lineNumber - this.#begun.size, events: this.#begun.take() };
  }
}

/** The records of a block from number `first` up to number `end`: their bytes, where each event ends in the block, and where in it the bytes begin. */
function partOf({ events, ends }: StagedBlock, first: number, end: number): readonly [events: Buffer, ends: Uint32Array, start: number] {
  const start = startOfEvent(ends, first);
  return [events.subarray(start, startOfEvent(ends, end)), ends.subarray(first, end), start];
}

/** Puts events of several blocks together. */
class EventPacker {
  size = 0;
  #events = Buffer.alloc(0);
  #bytes = 0;
  readonly #ends: Uint32Array;

  constructor(most: number) {
    this.#ends = new Uint32Array(most);
  }

  /** Bytes of the events alone. */
  get eventBytes(): number {
    return this.#bytes - 2 * this.size;
  }

  /** Takes the records from number `first` up to number `end` of a block. */
  add(block: StagedBlock, first: number, end: number): void {
    const [events, ends, start] = partOf(block, first, end);
    const moved = this.#bytes - start;
    for (const eventEnd of ends) this.#ends[this.size++] = eventEnd + moved;
    this.#makeRoom(events.length);
    events.copy(this.#events, this.#bytes);
    this.#bytes += events.length;
  }

  /** Gives the events out and starts anew. They are good until more are added. */
  take(): EventArray {
    const events = EventArray.inPlace(this.#events.subarray(0, this.#bytes), this.#ends.subarray(0, this.size), 0);
    this.#bytes = 0;
    this.size = 0;
    return events;
  }

  #makeRoom(bytes: number): void {
    if (this.#bytes + bytes <= this.#events.length) return;
    const events = Buffer.allocUnsafeSlow(2 * (this.#bytes + bytes));
    this.#events.copy(events, 0, 0, this.#bytes);
    this.#events = events;
  }
}
