import { readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLocalFiles } from '../../src/staging/local.js';
import type { ChunkPlace } from '../../src/staging/staging.js';
import { createStaging } from '../../src/staging/store.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { StagingHarness } from './staging-suite.js';

export async function openLocalStaging(key: Buffer | null): Promise<StagingHarness> {
  const folder = await temporaryFolder();
  const root = folder.path;
  const folderOf = (place: ChunkPlace) => join(root, place.subscriptionId, String(place.syncNumber));
  const logOf = (place: ChunkPlace) => join(folderOf(place), `chunk-${String(place.chunk).padStart(6, '0')}.outcomes.jsonl`);
  const flipByte = async (path: string, position: number) => {
    const content = await readFile(path);
    content.writeUInt8(content.readUInt8(position) ^ 1, position);
    await writeFile(path, content);
  };
  const files = async () => {
    const found = (await readdir(root, { recursive: true, withFileTypes: true })).filter((item) => item.isFile() && item.name !== '.host');
    return found.map(({ parentPath, name }) => join(parentPath, name));
  };
  return {
    store: createStaging(createLocalFiles(root), key),
    reopen: (other = key) => createStaging(createLocalFiles(root), other),
    tellsFormerWriter: false,
    damageChunk: async (place, file) => flipByte(join(folderOf(place), file.name), (await readFile(join(folderOf(place), file.name))).length >> 1),
    removeChunk: (place, file) => rm(join(folderOf(place), file.name)),
    tearLastOutcome: async (place) => truncate(logOf(place), (await readFile(logOf(place))).length - 5),
    damageFirstOutcome: (place) => flipByte(logOf(place), 0),
    age: async (place, ms) => {
      const then = (Date.now() - ms) / 1000;
      const names = await readdir(folderOf(place));
      for (const path of [...names.map((name) => join(folderOf(place), name)), folderOf(place)]) await utimes(path, then, then);
    },
    count: async () => (await files()).length,
    everything: async () => Buffer.concat(await Promise.all((await files()).map((file) => readFile(file)))),
    close: () => folder.remove(),
  };
}
