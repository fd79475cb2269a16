import { createCipheriv, createHash, randomBytes, type CipherGCM } from 'node:crypto';

/** What a file is cut into, so that each block can be checked right before it is given out and nothing has to be read twice. A reader holds one; reading is handed to another thread, which costs the less the more is asked for at once. */
export const blockBytes = 1024 * 1024;

const tagBytes = 16;

/**
 * Checksums of a file's blocks, to stand at its end: a key that was drawn for this file, then 16 bytes for each block (AES-GMAC under that key, its nonce the block's number).
 * Against accidents they are as good as SHA-256, at a quarter of its cost. `digestOf` sums all of them up, and is kept elsewhere.
 */
export class BlockTags {
  readonly #key = randomBytes(tagBytes);
  readonly #tags: Buffer[] = [this.#key];
  #open: CipherGCM | null = null;
  /** How much of its block the open tag has seen. */
  #seenBytes = 0;

  /** Takes the file's next bytes, cut anywhere. */
  add(bytes: Buffer): void {
    for (let start = 0; start < bytes.length; ) {
      const end = Math.min(bytes.length, start + blockBytes - this.#seenBytes);
      this.#open ??= openTag(this.#key, this.#tags.length - 1);
      this.#open.setAAD(bytes.subarray(start, end));
      this.#seenBytes += end - start;
      if (this.#seenBytes === blockBytes) this.#endBlock(this.#open);
      start = end;
    }
  }

  /** All tags, once the file has no more bytes. */
  end(): Buffer {
    if (this.#open !== null) this.#endBlock(this.#open);
    return Buffer.concat(this.#tags);
  }

  #endBlock(open: CipherGCM): void {
    this.#tags.push(endTag(open));
    this.#open = null;
    this.#seenBytes = 0;
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

/** Whether this is the block of that number, counted from 0. */
export function isIntact(tags: Buffer, number: number, block: Buffer): boolean {
  const at = tagBytes * (1 + number);
  const tag = endTag(openTag(tags.subarray(0, tagBytes), number).setAAD(block));
  return tag.equals(tags.subarray(at, at + tagBytes));
}

/** Takes a block as additional data, whole or in pieces. */
function openTag(key: Buffer, number: number): CipherGCM {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 6, 6);
  return createCipheriv('aes-128-gcm', key, nonce);
}

function endTag(open: CipherGCM): Buffer {
  open.final();
  return open.getAuthTag();
}
