import { readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createChunkFile, readChunkFile } from './local-chunks.js';
import { atOnceOnFiles, onFiles, unlessGone } from './local-errors.js';
import { hostOfFolder } from './local-host.js';
import { LineLog, readLines } from './local-log.js';
import { chunkStem, nameOf, syncAt, syncPath } from './places.js';
import type { ChunkPlace, StagedSync, StagingFiles } from './staging.js';

/**
 * Staging in a folder of this machine: `<folder>/<subscription>/<sync number>/chunk-000012.<attempt>.<digest>.<host>.events`,
 * with `chunk-000012.outcomes.jsonl` beside it. A sync stays with the host that staged it; hosts that share the folder are one.
 */
export function createLocalFiles(folder: string): StagingFiles {
  const root = resolve(folder);
  let known: Promise<string> | null = null;
  const host = (): Promise<string> => {
    known ??= hostOfFolder(root).catch((error: unknown) => {
      known = null;
      throw error;
    });
    return known;
  };
  const logPath = (place: ChunkPlace): string => join(root, syncPath(place), `${chunkStem(place.chunk)}.outcomes.jsonl`);
  return {
    host,
    createChunk: (place, attempt, sealed) => createChunkFile({ root, host }, place, attempt, sealed),
    readChunk: (place, file) => readChunkFile({ root, host }, place, file),
    // The chunk's folder is not made anew: a log that begins in the middle would call its missing part delivered.
    openLog: async (place) => {
      const name = nameOf(place);
      const log = await onFiles(root, name, () => LineLog.open(logPath(place)));
      return {
        makeRoom: (bytes) => atOnceOnFiles(root, name, () => log.makeRoom(bytes)),
        append: (entry) => atOnceOnFiles(root, name, () => log.append(entry)),
        close: () => onFiles(root, name, () => log.close()),
      };
    },
    readEntries: (place) => onFiles(root, nameOf(place), () => readLines(logPath(place))),
    removeSync: async (sync) => {
      const path = syncPath(sync);
      await onFiles(root, path, () => rm(join(root, path), { recursive: true, force: true }));
    },
    syncsOlderThan: (ms) => onFiles(root, 'the search for old syncs', () => syncsBefore(root, Date.now() - ms)),
  };
}

async function syncsBefore(root: string, timeMs: number): Promise<readonly StagedSync[]> {
  const old: StagedSync[] = [];
  for (const subscription of await foldersIn(root)) {
    for (const number of await foldersIn(join(root, subscription))) {
      const sync = syncAt(`${subscription}/${number}`);
      if (sync !== null && (await lastWrittenMs(join(root, subscription, number))) < timeMs) old.push(sync);
    }
  }
  return old;
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await unlessGone(readdir(folder, { withFileTypes: true }), []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** A folder's own time tells of files made and renamed, its files' times of appended outcomes. */
async function lastWrittenMs(folder: string): Promise<number> {
  const paths = [folder, ...(await unlessGone(readdir(folder), [])).map((name) => join(folder, name))];
  const times = await Promise.all(paths.map(async (path) => (await unlessGone(stat(path), null))?.mtimeMs ?? 0));
  return Math.max(...times);
}
