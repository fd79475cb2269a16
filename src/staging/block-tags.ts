import { createCipheriv, createHash, randomBytes } from 'node:crypto';

/** What a file is cut into, so that each block can be checked right before it is given out and nothing has to be read twice. */
export const blockBytes = 256 * 1024;

const tagBytes = 16;

/**
 * Checksums of a file's blocks, to stand at its end: a key that was drawn for this file, then 16 bytes for each block (AES-GMAC under that key, its nonce the block's number).
 * Against accidents they are as good as SHA-256, at a quarter of its cost. `digestOf` sums all of them up, and is kept elsewhere.
 */
export class BlockTags {
  readonly #key = randomBytes(tagBytes);
  readonly #tags: Buffer[] = [this.#key];

  /** Takes the next block: of `blockBytes`, but for the last one. */
  add(block: Buffer): void {
    this.#tags.push(tagOf(this.#key, this.#tags.length - 1, block));
  }

  bytes(): Buffer {
    return Buffer.concat(this.#tags);
  }
}

/** How many bytes of a file of `fileBytes` bytes are its content; less than 0 when it can't be such a file. */
export function contentBytesOf(fileBytes: number): number {
  const blocks = Math.max(0, Math.ceil((fileBytes - tagBytes) / (blockBytes + tagBytes)));
  return fileBytes - tagBytes * (1 + blocks);
}

export function digestOf(tags: Buffer): string {
  return createHash('sha256').update(tags).digest('hex');
}

/** Whether the bytes are those of the blocks from number `first` on. */
export function areIntact(tags: Buffer, first: number, bytes: Buffer): boolean {
  const key = tags.subarray(0, tagBytes);
  for (let number = first, start = 0; start < bytes.length; number++, start += blockBytes) {
    const at = tagBytes * (1 + number);
    if (!tagOf(key, number, bytes.subarray(start, start + blockBytes)).equals(tags.subarray(at, at + tagBytes))) return false;
  }
  return true;
}

function tagOf(key: Buffer, number: number, block: Buffer): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 6, 6);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  cipher.setAAD(block);
  cipher.final();
  return cipher.getAuthTag();
}
