import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { batchesOf } from '../../src/staging/lines.js';
import { createLocalFiles } from '../../src/staging/local.js';
import type { ChunkPlace, StagedFile } from '../../src/staging/staging.js';

/** A file and where its parts begin and end, so that a sender reads one part at a time. Offsets are bytes. */
export interface Slices {
  readonly file: string;
  readonly ends: readonly number[];
}

export interface Prepared {
  readonly records: number;
  /** Each part is a request body: a JSON array of 500 events. */
  readonly bodies: Slices;
  /** Each part is 500 events, one a line. */
  readonly lines: Slices;
}

export interface StagedPart {
  readonly place: ChunkPlace;
  readonly file: StagedFile;
}

/** Writes what a sync has staged as files that a plain program can read: the same events, ready to post and line by line. */
export async function prepareSlices(staged: { readonly stagingFolder: string; readonly files: readonly StagedPart[] }, folder: string, batchSize: number): Promise<Prepared> {
  const bodies = { file: join(folder, 'bodies.json'), ends: [] as number[] };
  const lines = { file: join(folder, 'lines.jsonl'), ends: [] as number[] };
  const [bodiesFile, linesFile] = [await open(bodies.file, 'w'), await open(lines.file, 'w')];
  let records = 0;
  try {
    const store = createLocalFiles(staged.stagingFolder);
    for (const { place, file } of staged.files) {
      for await (const batches of batchesOf(store.readChunk(place, file), { batchSize, batchBytes: Infinity }, 0)) {
        for (const { events } of batches) {
          await append(bodiesFile, bodies.ends, events.json);
          await append(linesFile, lines.ends, Buffer.concat(events.views().flatMap((event) => [event, lineFeed])));
          records += events.size;
        }
      }
    }
    return { records, bodies, lines };
  } finally {
    await Promise.all([bodiesFile.close(), linesFile.close()]);
  }
}

const lineFeed = Buffer.from('\n');

async function append(file: Awaited<ReturnType<typeof open>>, ends: number[], bytes: Buffer): Promise<void> {
  await file.writeFile(bytes);
  ends.push((ends.at(-1) ?? 0) + bytes.length);
}

/** Hands the parts out, to `workers` at once; each part goes to one of them. */
export async function eachSlice(slices: Slices, workers: number, work: (part: Buffer) => Promise<void> | void): Promise<void> {
  const file = await open(slices.file);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < slices.ends.length; index = next++) {
      const start = index === 0 ? 0 : (slices.ends[index - 1] ?? 0);
      const part = Buffer.allocUnsafe((slices.ends[index] ?? 0) - start);
      await file.read(part, 0, part.length, start);
      await work(part);
    }
  };
  try {
    await Promise.all(Array.from({ length: workers }, worker));
  } finally {
    await file.close();
  }
}
