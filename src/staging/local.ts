import { readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createChunkFile, nameOf, readChunkFile } from './local-chunks.js';
import { codeOf, onFiles } from './local-errors.js';
import { appendEntry, readEntries } from './outcome-log.js';
import { isSyncFolder, outcomeLogPath, syncFolder } from './places.js';
import type { StagingStore } from './staging.js';

/**
 * Staging in a folder of this machine: `<folder>/<subscription>/<sync number>/chunk-000012.<attempt>.<digest>.jsonl`,
 * with `chunk-000012.outcomes.jsonl` beside it. Workers on several machines need a folder that they share, or another store.
 */
export function createLocalStaging(folder: string): StagingStore {
  const root = resolve(folder);
  return {
    createChunk: (place, attempt) => createChunkFile(root, place, attempt),
    readChunk: (place, file) => readChunkFile(root, place, file),
    // The chunk's folder is not made anew: a log that begins in the middle would call its missing part delivered.
    appendOutcome: (place, entry) => onFiles(root, nameOf(place), () => appendEntry(outcomeLogPath(root, place), entry)),
    readOutcomes: (place) => onFiles(root, nameOf(place), () => unlessGone(readEntries(outcomeLogPath(root, place), nameOf(place)), [])),
    removeSync: (subscriptionId, syncNumber) => {
      return onFiles(root, `sync ${syncNumber} of "${subscriptionId}"`, () => rm(syncFolder(root, subscriptionId, syncNumber), { recursive: true, force: true }));
    },
    sweep: (retainMs) => onFiles(root, 'the sweep', () => sweepFolders(root, Date.now() - retainMs)),
  };
}

async function sweepFolders(root: string, olderThanMs: number): Promise<number> {
  let removed = 0;
  for (const folder of await syncFolders(root)) {
    if ((await lastWrittenMs(folder)) >= olderThanMs) continue;
    await rm(folder, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

async function syncFolders(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const subscription of await foldersIn(root)) {
    for (const sync of await foldersIn(join(root, subscription))) {
      if (isSyncFolder(subscription, sync)) found.push(join(root, subscription, sync));
    }
  }
  return found;
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

/** Others may sweep or settle at the same time: what has gone needs no sweeping. */
async function unlessGone<T>(found: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await found;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return otherwise;
    throw error;
  }
}
