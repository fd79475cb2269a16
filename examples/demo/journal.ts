import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';

/** A record's id with the JSON of its properties, or with null once it is gone. */
export type Change = readonly [id: string, properties: string | null];

/** Keeps changes in a file, one JSON line each, in the order in which they came. */
export interface Journal {
  /** Resolves when the operating system has the changes: they outlive this process. */
  append(changes: readonly Change[]): Promise<void>;
  close(): Promise<void>;
}

const changeSchema = z.tuple([z.string(), z.string().nullable()]);

/** Reads a journal into `records` and goes on with it; a file that isn't there yet is an empty one. */
export async function openJournal(file: string, records: Map<string, string>): Promise<Journal> {
  await mkdir(dirname(file), { recursive: true });
  const lines = existsSync(file) ? await replay(file, records) : 0;
  // Written anew when lines in it are outdated, or when a crash tore the last one; either makes more lines than records.
  if (lines > records.size) await rewrite(file, records);

  const stream = createWriteStream(file, { flags: 'a' });
  return {
    append: (changes) =>
      new Promise((resolve, reject) => {
        stream.write(changes.map(lineOf).join(''), (error) => (error ? reject(error) : resolve()));
      }),
    close: () => new Promise((resolve) => stream.end(resolve)),
  };
}

/** @returns the lines read, a torn last one included */
async function replay(file: string, records: Map<string, string>): Promise<number> {
  let lines = 0;
  let torn = false;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (torn) throw new Error(`${file}, line ${lines}: not a change of a record; delete the file and reset the subscription`);
    lines += 1;
    const change = parseLine(line);
    if (change === null) torn = true;
    else if (change[1] === null) records.delete(change[0]);
    else records.set(change[0], change[1]);
  }
  return lines;
}

/** readline takes U+2028 and U+2029 for line ends too, and JSON leaves them as they are. */
function lineOf(change: Change): string {
  return `${JSON.stringify(change).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}\n`;
}

function parseLine(line: string): Change | null {
  try {
    return changeSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

async function rewrite(file: string, records: ReadonlyMap<string, string>): Promise<void> {
  const whole = Readable.from(records, { objectMode: true }).map(lineOf);
  await pipeline(whole, createWriteStream(`${file}.new`));
  await rename(`${file}.new`, file);
}
