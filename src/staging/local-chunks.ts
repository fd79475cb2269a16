import { createHash, randomUUID } from 'node:crypto';
import { open, mkdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { StagingLostError } from '../errors/errors.js';
import { onFiles } from './local-errors.js';
import { checkAttempt, checkFileName, chunkStem, nameOf, nameOfFile, syncPath } from './places.js';
import type { ChunkPlace, ChunkWriter, StagedFile } from './staging.js';

const blockBytes = 256 * 1024;
/** Reading is handed to another thread, which costs the less the more is asked for at once. */
const readBytes = 1024 * 1024;

/** A worker's own part of a store: its folder, and the name by which other hosts know that the files are not theirs. */
export interface LocalFolder {
  readonly root: string;
  readonly host: () => Promise<string>;
}

/** Writes to a name of its own, which no other writer shares, and renames when all of it is on disk. */
export async function createChunkFile({ root, host }: LocalFolder, place: ChunkPlace, attempt: string, sealed: boolean): Promise<ChunkWriter> {
  const folder = join(root, syncPath(place));
  const temporary = join(folder, `${chunkStem(place.chunk)}.${checkAttempt(attempt)}.${randomUUID()}.tmp`);
  return onFiles(root, nameOf(place), async () => {
    await mkdir(folder, { recursive: true });
    const file = { chunk: place.chunk, attempt, host: await host(), sealed };
    return new LocalChunkWriter(root, place, (sha256) => nameOfFile({ ...file, sha256 }), temporary, await open(temporary, 'wx'));
  });
}

class LocalChunkWriter implements ChunkWriter {
  readonly #hash = createHash('sha256');
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #path: string;

  constructor(
    private readonly root: string,
    private readonly place: ChunkPlace,
    private readonly nameFor: (sha256: string) => string,
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
      const name = this.nameFor(sha256);
      const path = join(this.root, syncPath(this.place), name);
      await rename(this.#path, path);
      this.#path = path;
      return { name, sha256 };
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
  }

  #onFiles<T>(step: () => Promise<T>): Promise<T> {
    return onFiles(this.root, nameOf(this.place), step);
  }
}

/**
 * Reads the file twice through one handle: once to check it, once to give it out. Both times it is the same file, even if its name has gone meanwhile.
 * So nothing of a damaged chunk leaves.
 */
export async function* readChunkFile({ root, host }: LocalFolder, place: ChunkPlace, staged: StagedFile): AsyncGenerator<Buffer, void, undefined> {
  const { host: stagedBy } = checkFileName(place, staged.name);
  const file = await onFiles(root, nameOf(place), () => open(join(root, syncPath(place), staged.name), 'r')).catch(async (error: unknown) => {
    if (error instanceof StagingLostError && stagedBy !== null && stagedBy !== (await host())) throw elsewhere(place);
    throw error;
  });
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

function elsewhere(place: ChunkPlace): StagingLostError {
  return new StagingLostError(`${nameOf(place)} was staged in the folder of another host: workers on several hosts need staging of type s3, or one folder that they share; the next sync finds its records again`);
}

/** All blocks are in one buffer, one after the other: fresh memory for each would cost as much as reading it. */
async function* blocksOf(root: string, place: ChunkPlace, file: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  const block = Buffer.allocUnsafeSlow(readBytes);
  for (let position = 0; ; ) {
    const { bytesRead } = await onFiles(root, nameOf(place), () => file.read(block, 0, readBytes, position));
    if (bytesRead === 0) return;
    yield block.subarray(0, bytesRead);
    position += bytesRead;
  }
}
