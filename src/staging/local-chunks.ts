import { createHash, randomUUID } from 'node:crypto';
import { open, mkdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { StagingLostError } from '../errors/errors.js';
import { onFiles } from './local-errors.js';
import { checkAttempt, chunkFileName, chunkFilePath, chunkStem, syncFolder } from './places.js';
import type { ChunkPlace, ChunkWriter, StagedFile } from './staging.js';

const blockBytes = 256 * 1024;

/** Writes to a name of its own, which no other writer shares, and renames when all of it is on disk. */
export async function createChunkFile(root: string, place: ChunkPlace, attempt: string): Promise<ChunkWriter> {
  const folder = syncFolder(root, place.subscriptionId, place.syncNumber);
  const temporary = join(folder, `${chunkStem(place.chunk)}.${checkAttempt(attempt)}.${randomUUID()}.tmp`);
  return onFiles(root, nameOf(place), async () => {
    await mkdir(folder, { recursive: true });
    return new LocalChunkWriter(root, place, attempt, temporary, await open(temporary, 'wx'));
  });
}

class LocalChunkWriter implements ChunkWriter {
  readonly #hash = createHash('sha256');
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #bytes = 0;
  #path: string;

  constructor(
    private readonly root: string,
    private readonly place: ChunkPlace,
    private readonly attempt: string,
    temporary: string,
    private readonly file: FileHandle,
  ) {
    this.#path = temporary;
  }

  async write(lines: Buffer): Promise<void> {
    this.#pending.push(lines);
    this.#pendingBytes += lines.length;
    if (this.#pendingBytes >= blockBytes) await this.#onFiles(() => this.#flush());
  }

  async finish(): Promise<StagedFile> {
    return this.#onFiles(async () => {
      await this.#flush();
      await this.file.sync();
      await this.file.close();
      const sha256 = this.#hash.digest('hex');
      const name = chunkFileName(this.place.chunk, this.attempt, sha256);
      const path = chunkFilePath(this.root, this.place, name);
      await rename(this.#path, path);
      this.#path = path;
      return { name, sha256, bytes: this.#bytes };
    });
  }

  async abort(): Promise<void> {
    await this.#onFiles(async () => {
      await this.file.close();
      await rm(this.#path, { force: true });
    });
  }

  async #flush(): Promise<void> {
    const block = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#hash.update(block);
    await this.file.writeFile(block);
    this.#bytes += block.length;
  }

  #onFiles<T>(step: () => Promise<T>): Promise<T> {
    return onFiles(this.root, nameOf(this.place), step);
  }
}

/** Reads the file twice through one handle: once to check it, once to give it out. Both times it is the same file, even if its name has gone meanwhile. */
export async function* readChunkFile(root: string, place: ChunkPlace, staged: { readonly name: string; readonly sha256: string }): AsyncGenerator<Buffer, void, undefined> {
  const file = await onFiles(root, nameOf(place), () => open(chunkFilePath(root, place, staged.name), 'r'));
  try {
    const hash = createHash('sha256');
    for await (const block of blocksOf(root, place, file)) hash.update(block);
    if (hash.digest('hex') !== staged.sha256) {
      throw new StagingLostError(`${nameOf(place)} is damaged: it no longer has the digest it was staged with; the next sync finds its records again`);
    }
    yield* blocksOf(root, place, file);
  } finally {
    await file.close();
  }
}

/** Each block is a buffer of its own, because readers keep parts of them. */
async function* blocksOf(root: string, place: ChunkPlace, file: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  for (let position = 0; ; ) {
    const block = Buffer.allocUnsafeSlow(blockBytes);
    const { bytesRead } = await onFiles(root, nameOf(place), () => file.read(block, 0, blockBytes, position));
    if (bytesRead === 0) return;
    yield block.subarray(0, bytesRead);
    position += bytesRead;
  }
}

/** For messages; ids are no record's values. */
export function nameOf(place: ChunkPlace): string {
  return `chunk ${place.chunk} of sync ${place.syncNumber} of "${place.subscriptionId}"`;
}
