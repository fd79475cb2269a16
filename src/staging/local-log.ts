import { randomUUID } from 'node:crypto';
import { constants, readSync, writeSync } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { FencedError } from '../errors/errors.js';

const lineFeed = 0x0a;
/** Room is made in steps, so that the small entries of batches that went well share one. */
const stepBytes = 64 * 1024;

/**
 * A file to append lines to. Room for what comes next is kept behind the last line, as bytes without a line feed that readers take for a torn line: they are
 * on the disk already, so a line that fits is written though the disk has become full. (File systems that write nothing in place, like btrfs, may refuse all the same.)
 * The writer's name ends the room. Where it does not, another writer has gone on, and this one writes nothing more.
 * A line and the name are a few bytes in the system's cache: handing them to another thread, and waiting for that, would cost ten times as much as doing it here.
 */
export class LineLog {
  readonly #writer = Buffer.from(randomUUID());
  /** Bytes behind the last line, before the writer's name; null before there is any. */
  #room: number | null = null;

  private constructor(
    private readonly file: FileHandle,
    private readonly name: string,
    /** Where the next line begins. */
    private end: number,
  ) {}

  /** What an earlier writer began and never ended is cut off, or the first line would become one with it. `name` is for errors. */
  static async open(path: string, name: string): Promise<LineLog> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT);
    try {
      const end = (await file.readFile()).lastIndexOf(lineFeed) + 1;
      await file.truncate(end);
      return new LineLog(file, name, end);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Resolves once lines of so many bytes can be appended, however full the disk becomes. */
  async makeRoom(bytes: number): Promise<void> {
    const before = this.#room ?? 0;
    if (bytes <= before) return;
    if (this.#room !== null) this.#proveOurs();
    const room = bytes + stepBytes;
    try {
      this.#write(Buffer.concat([Buffer.alloc(room - before), this.#writer]), this.end + before);
      this.#room = room;
    } catch (error) {
      this.#room = null;
      await this.file.truncate(this.end);
      throw error;
    }
  }

  /** @throws FencedError when another writer has opened the log since */
  async append(line: string): Promise<void> {
    const bytes = Buffer.from(`${line}\n`);
    await this.makeRoom(bytes.length);
    this.#proveOurs();
    this.#write(bytes, this.end);
    this.end += bytes.length;
    this.#room = (this.#room ?? 0) - bytes.length;
  }

  async close(): Promise<void> {
    try {
      if (this.#room !== null && this.#isOurs()) await this.file.truncate(this.end);
    } finally {
      await this.file.close();
    }
  }

  #proveOurs(): void {
    if (!this.#isOurs()) throw new FencedError(`the outcome log of ${this.name} was gone on with by another attempt`);
  }

  #isOurs(): boolean {
    const found = Buffer.alloc(this.#writer.length + 1);
    const bytesRead = readSync(this.file.fd, found, 0, found.length, this.end + (this.#room ?? 0));
    return found.subarray(0, bytesRead).equals(this.#writer);
  }

  #write(bytes: Buffer, position: number): void {
    for (let written = 0; written < bytes.length; ) written += writeSync(this.file.fd, bytes, written, bytes.length - written, position + written);
  }
}

/** All lines but a torn last one. */
export async function readLines(path: string): Promise<readonly string[]> {
  const content = await readFile(path);
  return content.toString('utf8', 0, content.lastIndexOf(lineFeed) + 1).split('\n').slice(0, -1);
}
