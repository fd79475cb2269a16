import { open, readFile, type FileHandle } from 'node:fs/promises';

const lineFeed = 0x0a;

/** Opens a file to append lines to. What an earlier writer began and never ended is cut off, or the first line would become one with it. */
export async function openForLines(path: string): Promise<FileHandle> {
  const file = await open(path, 'a+');
  try {
    await cutTornEnd(file);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function cutTornEnd(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] === lineFeed) return;
  const content = await file.readFile();
  await file.truncate(content.lastIndexOf(lineFeed) + 1);
}

/** All lines but a torn last one. */
export async function readLines(path: string): Promise<readonly string[]> {
  const content = await readFile(path, 'utf8');
  return content.slice(0, content.lastIndexOf('\n') + 1).split('\n').slice(0, -1);
}
