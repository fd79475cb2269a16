import type { StagedBlock } from '../domain/staged-record.js';
import { StagingLostError } from '../errors/errors.js';

const numberBytes = Uint32Array.BYTES_PER_ELEMENT;
const headBytes = 3 * numberBytes;

/**
 * A block as it lies in a chunk, one after the other, in two pieces, so that the events need not be copied: how many records it has, how many bytes of versions and of events;
 * where each event ends; the versions; the events. Whoever reads it has nothing to search for, and finds the events as they will leave. Numbers have 32 bits, the lowest byte first, as they lie in the memory
 * of every processor that Temporal's workers are built for: they are copied as they are.
 */
export function pageOf({ events, ends, versions }: StagedBlock): readonly [Buffer, Buffer] {
  return [Buffer.concat([bytesOfNumbers(Uint32Array.of(ends.length, versions.length, events.length)), bytesOfNumbers(ends), versions]), events];
}

/**
 * The blocks of a staged chunk, however its bytes are cut. A block that lies in one piece is a view on it.
 * Not a generator of its own over the pieces: a batch would have to wait in it too, and there are thousands a second.
 */
export class PageReader {
  /** A page that ends in a later piece, as far as it is there; at first nothing but its head, which tells how long it is. */
  #begun = Buffer.alloc(headBytes);
  #begunBytes = 0;
  /** One for all blocks: there are thousands, and as many buffers are dear to make and to collect. */
  #ends = new Uint32Array(1024);

  /** Gives out the blocks that end in this piece. Where a block's events end is known until the next one is asked for. */
  *push(piece: Buffer): Generator<StagedBlock, void, undefined> {
    for (let start = 0; start < piece.length; ) {
      if (this.#begunBytes === 0 && start + bytesOf(piece, start) <= piece.length) {
        yield this.#blockIn(piece, start);
        start += bytesOf(piece, start);
      } else {
        const taken = piece.copy(this.#begun, this.#begunBytes, start);
        this.#begunBytes += taken;
        start += taken;
        const page = this.#wholePage();
        if (page !== null) yield this.#blockIn(page, 0);
      }
    }
  }

  /** The page that has begun, once all of it is there. */
  #wholePage(): Buffer | null {
    const begun = this.#begun;
    if (this.#begunBytes < begun.length) return null;
    const isWhole = begun.length === bytesOf(begun, 0);
    this.#begun = Buffer.allocUnsafeSlow(isWhole ? headBytes : bytesOf(begun, 0));
    this.#begunBytes = isWhole ? 0 : begun.copy(this.#begun);
    return isWhole ? begun : null;
  }

  /** @throws StagingLostError when the chunk ends in the middle of a page */
  end(): void {
    if (this.#begunBytes > 0) throw new StagingLostError('a staged chunk ends in the middle of a page; the next sync finds its records again');
  }

  #blockIn(bytes: Buffer, start: number): StagedBlock {
    const records = bytes.readUInt32LE(start);
    if (records > this.#ends.length) this.#ends = new Uint32Array(2 * records);
    const ends = this.#ends.subarray(0, records);
    const versionsAt = start + headBytes + numberBytes * records;
    bytes.copy(bytesOfNumbers(ends), 0, start + headBytes, versionsAt);
    const eventsAt = versionsAt + bytes.readUInt32LE(start + numberBytes);
    return { ends, versions: bytes.subarray(versionsAt, eventsAt), events: bytes.subarray(eventsAt, eventsAt + bytes.readUInt32LE(start + 2 * numberBytes)) };
  }
}

/** How many bytes the page has that begins here; those of its head where that isn't whole. */
function bytesOf(bytes: Buffer, start: number): number {
  if (start + headBytes > bytes.length) return headBytes;
  return headBytes + numberBytes * bytes.readUInt32LE(start) + bytes.readUInt32LE(start + numberBytes) + bytes.readUInt32LE(start + 2 * numberBytes);
}

function bytesOfNumbers({ buffer, byteOffset, byteLength }: Uint32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
