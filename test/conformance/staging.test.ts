import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalStaging } from '../../src/staging/local.js';
import type { ChunkPlace } from '../../src/staging/staging.js';
import { stagingLaws, type StagingHarness } from './staging-suite.js';

async function openLocal(): Promise<StagingHarness> {
  const root = await mkdtemp(join(tmpdir(), 'sluice-staging-'));
  const folderOf = (place: ChunkPlace) => join(root, place.subscriptionId, String(place.syncNumber));
  const logOf = (place: ChunkPlace) => join(folderOf(place), `chunk-${String(place.chunk).padStart(6, '0')}.outcomes.jsonl`);
  const flipByte = async (path: string, position: number) => {
    const content = await readFile(path);
    content.writeUInt8(content.readUInt8(position) ^ 1, position);
    await writeFile(path, content);
  };
  return {
    store: createLocalStaging(root),
    damageChunk: (place, file) => flipByte(join(folderOf(place), file.name), file.bytes - 2),
    removeChunk: (place, file) => rm(join(folderOf(place), file.name)),
    tearLastOutcome: async (place) => truncate(logOf(place), (await readFile(logOf(place))).length - 5),
    damageFirstOutcome: (place) => flipByte(logOf(place), 0),
    age: async (place, ms) => {
      const then = (Date.now() - ms) / 1000;
      const names = await readdir(folderOf(place));
      for (const path of [...names.map((name) => join(folderOf(place), name)), folderOf(place)]) await utimes(path, then, then);
    },
    count: async () => (await readdir(root, { recursive: true, withFileTypes: true })).filter((item) => item.isFile()).length,
    close: () => rm(root, { recursive: true }),
  };
}

stagingLaws('local folder', openLocal);
