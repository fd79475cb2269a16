import { randomUUID } from 'node:crypto';
import { ftruncateSync, writeSync } from 'node:fs';
import { open, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { unlessGone } from './local-errors.js';

const lineFeed = 0x0a;
/** Room is made in steps, so that the small entries of batches that went well share one. */
const stepBytes = 64 * 1024;
/** What room is written with, a page of the system's cache at a time: of a large write Linux makes a large part of its cache, and walks all blocks of that for each line that is written into it. */
const emptyPage = Buffer.alloc(4096);

/**
 * A file to append lines to. Room for what comes next is kept behind the last line, as bytes without a line feed that readers take for a torn line: they are
 * on the disk already, so a line that fits is written though the disk has become full. (File systems that write nothing in place, like btrfs, may refuse all the same.)
 * Each writer goes on in a copy of its own, which takes the file's place: what an earlier writer still appends, nobody reads.
 * A line is a few bytes in the system's cache: handing it to another thread, and waiting for that, would cost ten times as much as doing it here.
 */
export class LineLog {
  /** Bytes behind the last line. */
  #room = 0;

  private constructor(
    private readonly file: FileHandle,
    /** Where the next line begins. */
    private end: number,
  ) {}

  /** Leaves out what an earlier writer began and never ended, or the first line would become one with it. */
  static async open(path: string): Promise<LineLog> {
    const lines = await linesIn(path);
    const copy = `${path}.${randomUUID()}.tmp`;
    const file = await open(copy, 'wx');
    try {
      await file.writeFile(lines);
      await rename(copy, path);
      return new LineLog(file, lines.length);
    } catch (error) {
      await file.close();
      await rm(copy, { force: true });
      throw error;
    }
  }

  /** Once it returns, lines of so many bytes can be appended, however full the disk becomes. */
  makeRoom(bytes: number): void {
    if (bytes <= this.#room) return;
    try {
      for (const wanted = bytes + stepBytes; this.#room < wanted; this.#room += emptyPage.length) this.#write(emptyPage, this.end + this.#room);
    } catch (error) {
      ftruncateSync(this.file.fd, this.end + this.#room);
      throw error;
    }
  }

  append(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    this.makeRoom(bytes.length);
    this.#write(bytes, this.end);
    this.end += bytes.length;
    this.#room -= bytes.length;
  }

  async close(): Promise<void> {
    try {
      if (this.#room > 0) await this.file.truncate(this.end);
    } finally {
      await this.file.close();
    }
  }

  #write(bytes: Buffer, position: number): void {
    for (let written = 0; written < bytes.length; ) written += writeSync(this.file.fd, bytes, written, bytes.length - written, position + written);
  }
}

/** All lines but a torn last one; none where there is no file. */
export async function readLines(path: string): Promise<readonly string[]> {
  return (await linesIn(path)).toString('utf8').split('\n').slice(0, -1);
}

async function linesIn(path: string): Promise<Buffer> {
  const content = await unlessGone(readFile(path), Buffer.alloc(0));
  return content.subarray(0, content.lastIndexOf(lineFeed) + 1);
}
