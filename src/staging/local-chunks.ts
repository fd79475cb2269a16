import { randomUUID } from 'node:crypto';
import { open, mkdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { StagingLostError } from '../errors/errors.js';
import { isIntact, blockBytes, BlockTags, contentBytesOf, digestOf } from './block-tags.js';
import { onFiles } from './local-errors.js';
import { checkAttempt, checkFileName, chunkStem, nameOf, nameOfFile, syncPath } from './places.js';
import type { ChunkPlace, ChunkWriter, StagedFile } from './staging.js';

/** Writing is handed to another thread, which costs the less the more is given at once. An open chunk holds as much in memory, and there is one for each 250,000 records. */
const writeBytes = 128 * 1024;

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
  readonly #tags = new BlockTags();
  /** One for the whole file: fresh memory for each write would cost as much again. */
  readonly #buffer = Buffer.allocUnsafeSlow(writeBytes);
  #filled = 0;
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

  async write(bytes: Buffer): Promise<void> {
    for (let start = 0; start < bytes.length; ) {
      const taken = bytes.copy(this.#buffer, this.#filled, start);
      start += taken;
      this.#filled += taken;
      if (this.#filled === writeBytes) await this.#onFiles(() => this.#flush());
    }
  }

  async finish(): Promise<StagedFile> {
    return this.#onFiles(async () => {
      await this.#flush();
      const tags = this.#tags.end();
      await this.file.writeFile(tags);
      await this.file.sync();
      await this.file.close();
      const sha256 = digestOf(tags);
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
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#tags.add(bytes);
    await this.file.writeFile(bytes);
    this.#filled = 0;
  }

  #onFiles<T>(step: () => Promise<T>): Promise<T> {
    return onFiles(this.root, nameOf(this.place), step);
  }
}

/** Reads the file once, and gives out no block before it was checked. */
export async function* readChunkFile({ root, host }: LocalFolder, place: ChunkPlace, staged: StagedFile): AsyncGenerator<Buffer, void, undefined> {
  const { host: stagedBy } = checkFileName(place, staged.name);
  const file = await onFiles(root, nameOf(place), () => open(join(root, syncPath(place), staged.name), 'r')).catch(async (error: unknown) => {
    if (error instanceof StagingLostError && stagedBy !== null && stagedBy !== (await host())) throw elsewhere(place);
    throw error;
  });
  try {
    const read: Read = (bytes, position) => onFiles(root, nameOf(place), () => readAll(file, bytes, position));
    const { size } = await onFiles(root, nameOf(place), () => file.stat());
    yield* checked(read, size, staged.sha256, place);
  } finally {
    await file.close();
  }
}

function elsewhere(place: ChunkPlace): StagingLostError {
  return new StagingLostError(`${nameOf(place)} was staged in the folder of another host: workers on several hosts need staging of type s3, or one folder that they share; the next sync finds its records again`);
}

/** Fills `bytes` from a place in the file; false when the file ends before. */
type Read = (bytes: Buffer, position: number) => Promise<boolean>;

/** What is given out is in one buffer, one after the other: fresh memory for each would cost as much as reading it. */
async function* checked(read: Read, fileBytes: number, sha256: string, place: ChunkPlace): AsyncGenerator<Buffer, void, undefined> {
  const contentBytes = contentBytesOf(fileBytes);
  if (contentBytes < 0) throw damaged(place);
  const tags = Buffer.allocUnsafe(fileBytes - contentBytes);
  if (!(await read(tags, contentBytes)) || digestOf(tags) !== sha256) throw damaged(place);
  const buffer = Buffer.allocUnsafeSlow(Math.min(blockBytes, contentBytes));
  for (let number = 0; number * blockBytes < contentBytes; number++) {
    const block = buffer.subarray(0, Math.min(blockBytes, contentBytes - number * blockBytes));
    if (!(await read(block, number * blockBytes)) || !isIntact(tags, number, block)) throw damaged(place);
    yield block;
  }
}

async function readAll(file: FileHandle, bytes: Buffer, position: number): Promise<boolean> {
  for (let filled = 0; filled < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, position + filled);
    if (bytesRead === 0) return false;
    filled += bytesRead;
  }
  return true;
}

function damaged(place: ChunkPlace): StagingLostError {
  return new StagingLostError(`${nameOf(place)} is damaged: it no longer has the digest it was staged with; the next sync finds its records again`);
}
