import { createHash } from 'node:crypto';
import { xxh64, Xxh64 } from '@node-rs/xxhash';

const numberBytes = 4;
const sumBytes = 8;
const entryBytes = numberBytes + sumBytes;

/** A part of a file that is checked as a whole, right before it is given out, so that nothing has to be read twice. */
export interface SummedBlock {
  /** Counted from 0. */
  readonly number: number;
  readonly position: number;
  readonly bytes: number;
}

/**
 * Checksums of a file's blocks, to stand at its end: for each block how many bytes it has and its XXH64, seeded with the block's number; and how many blocks there are.
 * They find accidents, at an eighth of the cost of SHA-256. `digestOf` sums all of them up, and is kept elsewhere.
 */
export class BlockSums {
  readonly #entries: Buffer[] = [];

  /** Takes the file's next block, in parts. */
  add(parts: readonly Buffer[]): void {
    const sum = new Xxh64(BigInt(this.#entries.length));
    for (const part of parts) sum.update(part);
    const entry = Buffer.alloc(entryBytes);
    entry.writeUInt32LE(parts.reduce((bytes, { length }) => bytes + length, 0));
    entry.writeBigUInt64LE(sum.digest(), numberBytes);
    this.#entries.push(entry);
  }

  /** All sums, once the file has no more blocks. */
  end(): Buffer {
    const count = Buffer.alloc(numberBytes);
    count.writeUInt32LE(this.#entries.length);
    return Buffer.concat([...this.#entries, count]);
  }
}

/** Bytes at a file's end that tell how long its sums are. */
export const tailBytes = numberBytes;

/** How many bytes of sums stand at the end of the file whose last bytes these are. */
export function sumsBytesOf(tail: Buffer): number {
  return entryBytes * tail.readUInt32LE() + tailBytes;
}

export function digestOf(sums: Buffer): string {
  return createHash('sha256').update(sums).digest('hex');
}

/** The blocks in the order in which they stand in the file. */
export function blocksOf(sums: Buffer): readonly SummedBlock[] {
  let position = 0;
  return Array.from({ length: sums.readUInt32LE(sums.length - tailBytes) }, (_, number) => {
    const block = { number, position, bytes: sums.readUInt32LE(entryBytes * number) };
    position += block.bytes;
    return block;
  });
}

/** Whether these are the bytes of that block. */
export function isIntact(sums: Buffer, { number }: SummedBlock, bytes: Buffer): boolean {
  return xxh64(bytes, BigInt(number)) === sums.readBigUInt64LE(entryBytes * number + numberBytes);
}
