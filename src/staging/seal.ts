import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/**
 * Encrypted streams. A header (`SLS1`, which key, a salt), then blocks of 64 KiB, each sealed by AES-256-GCM under a key that the salt and the
 * stream's purpose make of the main key (HKDF-SHA-256, RFC 5869). A block's nonce is its number and whether it is the last, so that blocks that were
 * left out, moved or cut off are noticed like bytes that were changed. This is the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015).
 */
const magic = Buffer.from('SLS1');
const keyIdBytes = 8;
const saltBytes = 32;
const headerBytes = magic.length + keyIdBytes + saltBytes;
const blockBytes = 64 * 1024;
const tagBytes = 16;
const algorithm = 'aes-256-gcm';

/** Why a stream can't be opened. */
export class SealError extends Error {
  constructor(readonly why: 'another key' | 'damaged') {
    super(why);
  }
}

/** Seals what it is given, piece by piece, in constant memory. `purpose` says what the bytes are; only who names the same can open them. */
export class Sealer {
  readonly #seal: (plain: Buffer, last: boolean) => Buffer;
  #ready: Buffer[];
  #pending: Buffer = Buffer.alloc(0);

  constructor(key: Buffer, purpose: string) {
    const salt = randomBytes(saltBytes);
    const streamKey = derive(key, salt, purpose);
    let number = 0;
    this.#ready = [Buffer.concat([magic, keyIdOf(key), salt])];
    this.#seal = (plain, last) => {
      const cipher = createCipheriv(algorithm, streamKey, nonce(number++, last));
      return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    };
  }

  /** What is ready to be written. A whole block is kept back until it is known not to be the last. */
  add(plain: Buffer): Buffer {
    const bytes = Buffer.concat([this.#pending, plain]);
    let start = 0;
    for (; bytes.length - start > blockBytes; start += blockBytes) this.#ready.push(this.#seal(bytes.subarray(start, start + blockBytes), false));
    this.#pending = bytes.subarray(start);
    return this.#take();
  }

  end(): Buffer {
    this.#ready.push(this.#seal(this.#pending, true));
    return this.#take();
  }

  #take(): Buffer {
    const ready = Buffer.concat(this.#ready);
    this.#ready = [];
    return ready;
  }
}

/** The plain bytes of a sealed stream, block by block, each checked before it is given out. @throws SealError */
export async function* unseal(key: Buffer, purpose: string, sealed: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let open: ((block: Buffer, last: boolean) => Buffer) | null = null;
  let held = Buffer.alloc(0);
  for await (const bytes of sealed) {
    held = Buffer.concat([held, bytes]);
    if (open === null && held.length >= headerBytes) {
      open = openerFor(key, purpose, held.subarray(0, headerBytes));
      held = held.subarray(headerBytes);
    }
    for (; open !== null && held.length > blockBytes + tagBytes; held = held.subarray(blockBytes + tagBytes)) {
      yield open(held.subarray(0, blockBytes + tagBytes), false);
    }
  }
  if (open === null) throw new SealError('damaged');
  yield open(held, true);
}

function openerFor(key: Buffer, purpose: string, header: Buffer): (block: Buffer, last: boolean) => Buffer {
  if (!header.subarray(0, magic.length).equals(magic)) throw new SealError('damaged');
  if (!header.subarray(magic.length, magic.length + keyIdBytes).equals(keyIdOf(key))) throw new SealError('another key');
  const streamKey = derive(key, header.subarray(-saltBytes), purpose);
  let number = 0;
  return (block, last) => {
    if (block.length < tagBytes) throw new SealError('damaged');
    const decipher = createDecipheriv(algorithm, streamKey, nonce(number++, last), { authTagLength: tagBytes });
    decipher.setAuthTag(block.subarray(-tagBytes));
    const plain = decipher.update(block.subarray(0, -tagBytes));
    try {
      decipher.final();
    } catch {
      throw new SealError('damaged');
    }
    return plain;
  };
}

function derive(key: Buffer, salt: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, `sluice staging: ${purpose}`, 32));
}

/** Tells keys apart, and nothing about them. */
function keyIdOf(key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'sluice staging: key id', keyIdBytes));
}

function nonce(number: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUIntBE(number, 5, 6);
  bytes.writeUInt8(last ? 1 : 0, 11);
  return bytes;
}
