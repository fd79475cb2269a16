import type { StagedBlock } from '../domain/staged-record.js';
import { StagingLostError } from '../errors/errors.js';

const numberBytes = 4;
const headBytes = 3 * numberBytes;

/**
 * A block as it lies in a chunk, one after the other, in two pieces, so that the events need not be copied: how many records it has, how many bytes of versions and of events;
 * where each event ends; the versions; the events. All numbers have 32 bits, little-endian. Whoever reads it has nothing to search for, and finds the events as they will leave.
 */
export function pageOf({ events, ends, versions }: StagedBlock): readonly [Buffer, Buffer] {
  const index = Buffer.allocUnsafe(headBytes + numberBytes * ends.length + versions.length);
  let place = 0;
  for (const number of [ends.length, versions.length, events.length]) place = index.writeUInt32LE(number, place);
  for (const end of ends) place = index.writeUInt32LE(end, place);
  versions.copy(index, place);
  return [index, events];
}

/** Finds the blocks in a staged chunk's bytes, however these are cut. */
export class PageReader {
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

  /** @throws StagingLostError when the chunk ended in the middle of a page */
  end(): void {
    if (this.#begun.length > 0) throw new StagingLostError('a staged chunk ends in the middle of a page; the next sync finds its records again');
  }
}

/** How many bytes the page has that begins here; those of its head until that is there. */
function bytesOf(page: Buffer): number {
  if (page.length < headBytes) return headBytes;
  return headBytes + numberBytes * page.readUInt32LE(0) + page.readUInt32LE(numberBytes) + page.readUInt32LE(2 * numberBytes);
}

function blockIn(page: Buffer): StagedBlock {
  const ends: number[] = [];
  const records = page.readUInt32LE(0);
  const versionsAt = headBytes + numberBytes * records;
  for (let place = headBytes; place < versionsAt; place += numberBytes) ends.push(page.readUInt32LE(place));
  const eventsAt = versionsAt + page.readUInt32LE(numberBytes);
  return { ends, versions: page.subarray(versionsAt, eventsAt), events: page.subarray(eventsAt) };
}
