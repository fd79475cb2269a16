import type { StagedBlock } from '../domain/staged-record.js';
import { StagingLostError } from '../errors/errors.js';

const headNumbers = 3;
const numberBytes = Uint32Array.BYTES_PER_ELEMENT;
const headBytes = headNumbers * numberBytes;

/**
 * A block as it lies in a chunk, one after the other, in two pieces, so that the events need not be copied: how many records it has, how many bytes of versions and of events;
 * where each event ends; the versions; the events. Whoever reads it has nothing to search for, and finds the events as they will leave.
 * Numbers have 32 bits and the machine's byte order, so that they are read in one piece; to a machine of another order the chunk would be lost.
 */
export function pageOf({ events, ends, versions }: StagedBlock): readonly [Buffer, Buffer] {
  const numbers = Uint32Array.of(ends.length, versions.length, events.length, ...ends);
  return [Buffer.concat([Buffer.from(numbers.buffer), versions]), events];
}

/**
 * The blocks of a staged chunk, however its bytes are cut. A block is good until the next one is asked for.
 *
 * @throws StagingLostError when the chunk ends in the middle of a page
 */
export async function* blocksIn(pieces: AsyncIterable<Buffer>): AsyncGenerator<StagedBlock, void, undefined> {
  const pages = new PageReader();
  for await (const piece of pieces) yield* pages.push(piece);
  pages.end();
}

class PageReader {
  /** What there is of a page that ends in a later piece. */
  #begun: Buffer = Buffer.alloc(0);

  /** Gives out the blocks that end in this piece. They are views on it, and good for as long as it is. */
  *push(piece: Buffer): Generator<StagedBlock, void, undefined> {
    for (let start = 0; start < piece.length; ) {
      const begun = this.#begun;
      const wanted = bytesOf(begun.length === 0 ? piece.subarray(start) : begun) - begun.length;
      const bytes = piece.subarray(start, start + wanted);
      start += bytes.length;
      const page = begun.length === 0 ? bytes : Buffer.concat([begun, bytes]);
      const isWhole = page.length === bytesOf(page);
      this.#begun = isWhole ? Buffer.alloc(0) : Buffer.from(page);
      if (isWhole) yield blockIn(page);
    }
  }

  end(): void {
    if (this.#begun.length > 0) throw new StagingLostError('a staged chunk ends in the middle of a page; the next sync finds its records again');
  }
}

/** How many bytes the page has that begins here; those of its head until that is there. */
function bytesOf(page: Buffer): number {
  if (page.length < headBytes) return headBytes;
  const [records = 0, versionBytes = 0, eventBytes = 0] = numbersAt(page, 0, headNumbers);
  return headBytes + numberBytes * records + versionBytes + eventBytes;
}

function blockIn(page: Buffer): StagedBlock {
  const [records = 0, versionBytes = 0] = numbersAt(page, 0, headNumbers);
  const versionsAt = headBytes + numberBytes * records;
  const eventsAt = versionsAt + versionBytes;
  return { ends: numbersAt(page, headBytes, records), versions: page.subarray(versionsAt, eventsAt), events: page.subarray(eventsAt) };
}

/** Copied, because they may stand anywhere, and views on numbers may not. */
function numbersAt(page: Buffer, place: number, count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  new Uint8Array(numbers.buffer).set(page.subarray(place, place + numberBytes * count));
  return numbers;
}
