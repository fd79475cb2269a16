import { randomUUID } from 'node:crypto';
import { open, mkdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { StagingLostError } from '../errors/errors.js';
import { blocksOf, BlockSums, digestOf, isIntact, sumsBytesOf, tailBytes, type SummedBlock } from './block-sums.js';
import { onFiles } from './local-errors.js';
import { checkAttempt, checkFileName, chunkStem, nameOf, nameOfFile, syncPath } from './places.js';
import type { ChunkPlace, ChunkWriter, StagedFile } from './staging.js';

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
  readonly #sums = new BlockSums();
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

  /** What is written together is a block. */
  async write(parts: readonly Buffer[]): Promise<void> {
    this.#sums.add(parts);
    await this.#onFiles(() => writeAll(this.file, parts));
  }

  async finish(): Promise<StagedFile> {
    return this.#onFiles(async () => {
      const sums = this.#sums.end();
      await this.file.writeFile(sums);
      await this.file.sync();
      await this.file.close();
      const sha256 = digestOf(sums);
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

  #onFiles<T>(step: () => Promise<T>): Promise<T> {
    return onFiles(this.root, nameOf(this.place), step);
  }
}

/**
 * Reads the file once, and checks each block right before it is given out. All of it passes through one buffer: new ones, half a MB for each thousand records, would be most of what the
 * garbage collector has to do in a load.
 */
export async function* readChunkFile({ root, host }: LocalFolder, place: ChunkPlace, staged: StagedFile): AsyncGenerator<Buffer, void, undefined> {
  const { host: stagedBy } = checkFileName(place, staged.name);
  const file = await onFiles(root, nameOf(place), () => open(join(root, syncPath(place), staged.name), 'r')).catch(async (error: unknown) => {
    if (error instanceof StagingLostError && stagedBy !== null && stagedBy !== (await host())) throw elsewhere(place);
    throw error;
  });
  try {
    const read: Read = (bytes, position) => onFiles(root, nameOf(place), () => readAll(file, bytes, position));
    const { size } = await onFiles(root, nameOf(place), () => file.stat());
    const sums = await readSums(read, size);
    if (sums === null || digestOf(sums) !== staged.sha256) throw damaged(place);
    const pieces = piecesOf(blocksOf(sums));
    if (pieces.reduce((sum, { bytes }) => sum + bytes, sums.length) !== size) throw damaged(place);
    const buffer = Buffer.allocUnsafeSlow(pieces.reduce((most, { bytes }) => Math.max(most, bytes), 0));
    for (const piece of pieces) {
      const bytes = buffer.subarray(0, piece.bytes);
      if (!(await read(bytes, piece.position))) throw damaged(place);
      for (const block of piece.blocks) {
        const start = block.position - piece.position;
        const blockBytes = bytes.subarray(start, start + block.bytes);
        if (!isIntact(sums, block, blockBytes)) throw damaged(place);
        yield blockBytes;
      }
    }
  } finally {
    await file.close();
  }
}

function elsewhere(place: ChunkPlace): StagingLostError {
  return new StagingLostError(`${nameOf(place)} was staged in the folder of another host: workers on several hosts need staging of type s3, or one folder that they share; the next sync finds its records again`);
}

/** Fills `bytes` from a place in the file; false when the file ends before. */
type Read = (bytes: Buffer, position: number) => Promise<boolean>;

/** Blocks that are read in one go. */
interface Piece {
  readonly position: number;
  bytes: number;
  readonly blocks: SummedBlock[];
}

const mostPieceBytes = 1024 * 1024;

function piecesOf(blocks: readonly SummedBlock[]): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const block of blocks) {
    const last = pieces.at(-1);
    if (last === undefined || last.bytes + block.bytes > mostPieceBytes) {
      pieces.push({ position: block.position, bytes: block.bytes, blocks: [block] });
    } else {
      last.bytes += block.bytes;
      last.blocks.push(block);
    }
  }
  return pieces;
}

/** Null when they don't fit into the file. */
async function readSums(read: Read, fileBytes: number): Promise<Buffer | null> {
  const tail = Buffer.alloc(tailBytes);
  if (fileBytes < tailBytes || !(await read(tail, fileBytes - tailBytes))) return null;
  const bytes = sumsBytesOf(tail);
  if (bytes > fileBytes) return null;
  const sums = Buffer.alloc(bytes);
  return (await read(sums, fileBytes - bytes)) ? sums : null;
}

/** In one go, but for what a file system takes only in part. */
async function writeAll(file: FileHandle, parts: readonly Buffer[]): Promise<void> {
  const { bytesWritten } = await file.writev(parts);
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  if (bytesWritten < bytes) await file.writeFile(Buffer.concat(parts).subarray(bytesWritten));
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
