import { open } from 'node:fs/promises';
import type { EventArray } from '../../src/domain/events.js';
import { batchesOf } from '../../src/staging/lines.js';
import { createLocalFiles } from '../../src/staging/local.js';
import type { ChunkPlace, StagedFile } from '../../src/staging/staging.js';

/** A file and where its parts begin and end, so that a sender reads one part at a time. Offsets are bytes. */
export interface Slices {
  readonly file: string;
  readonly ends: readonly number[];
}

export interface StagedPart {
  readonly place: ChunkPlace;
  readonly file: StagedFile;
}

/** What becomes of 500 events in a part of a file. */
export type Form = (events: EventArray) => Buffer;

/** A request body: a JSON array. */
export const asBody: Form = ({ json }) => json;
/** One event a line. */
export const asLines: Form = (events) => Buffer.concat(events.views().flatMap((event) => [event, lineFeed]));

/** Writes what a sync has staged as a file that a plain program can read. */
export async function prepareSlices(staged: { readonly stagingFolder: string; readonly files: readonly StagedPart[] }, file: string, batchSize: number, form: Form): Promise<Slices> {
  const ends: number[] = [];
  const handle = await open(file, 'w');
  try {
    const store = createLocalFiles(staged.stagingFolder);
    for (const { place, file: chunk } of staged.files) {
      for await (const batches of batchesOf(store.readChunk(place, chunk), { batchSize, batchBytes: Infinity }, 0)) {
        for (const { events } of batches) {
          const part = form(events);
          await handle.writeFile(part);
          ends.push((ends.at(-1) ?? 0) + part.length);
        }
      }
    }
    return { file, ends };
  } finally {
    await handle.close();
  }
}

const lineFeed = Buffer.from('\n');

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
