import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BatchPlace } from '../destination.js';

/** One batch on disk, out of sight until its sync is published. Its file begins with the number of records, in `headBytes` digits. */
export interface Piece {
  readonly chunk: number;
  readonly file: string;
}

export const headBytes = 10;

const pieceName = /^(\d{6})-\d{9}\.piece$/;

/**
 * Writes a batch as one file, whole or not at all. Its name is where the batch begins, so a batch that comes again replaces itself,
 * also when it is cut to another length.
 */
export async function writePiece(folder: string, { chunk, lines }: BatchPlace, bytes: Buffer): Promise<void> {
  await mkdir(folder, { recursive: true });
  const name = `${digits(chunk, 6)}-${digits(lines[0] ?? 0, 9)}`;
  const temporary = join(folder, `${name}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeDurably(temporary, [Buffer.from(digits(lines.length, headBytes)), bytes]);
    await rename(temporary, join(folder, `${name}.piece`));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // what matters is why writing failed
    throw error;
  }
  await syncFolder(folder);
}

/** In the order of their records; none when there is no such folder. */
export async function piecesIn(folder: string): Promise<readonly Piece[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  return names.sort().flatMap((name) => {
    const chunk = pieceName.exec(name)?.[1];
    return chunk === undefined ? [] : [{ chunk: Number(chunk), file: join(folder, name) }];
  });
}

async function writeDurably(file: string, parts: readonly Buffer[]): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    for (const part of parts) await handle.appendFile(part);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Without this, a name may be lost when the machine loses power, though the file is on disk. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // where folders can't be opened
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function digits(value: number, length: number): string {
  return String(value).padStart(length, '0');
}
