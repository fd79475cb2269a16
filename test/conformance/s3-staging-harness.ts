import type { ChunkPlace } from '../../src/staging/staging.js';
import { createS3Files } from '../../src/staging/s3.js';
import { createStaging } from '../../src/staging/store.js';
import { TestBucket } from '../support/s3.js';
import type { StagingHarness } from './staging-suite.js';

export async function openS3Staging(key: Buffer | null): Promise<StagingHarness> {
  const bucket = await TestBucket.make();
  const folderOf = (place: ChunkPlace) => `${place.subscriptionId}/${place.syncNumber}/`;
  const stemOf = (place: ChunkPlace) => `${folderOf(place)}chunk-${String(place.chunk).padStart(6, '0')}`;
  const logOf = (place: ChunkPlace) => bucket.keys(`${stemOf(place)}.outcomes/`);
  const partsOf = async (place: ChunkPlace) => (await bucket.keys(`${stemOf(place)}.`)).filter((name) => /\.\d{6}$/.test(name));
  const flipByte = async (name: string, fromEnd: number) => {
    const content = (await bucket.get(name)) ?? Buffer.alloc(0);
    content.writeUInt8(content.readUInt8(content.length - fromEnd) ^ 1, content.length - fromEnd);
    await bucket.put(name, content);
  };
  return {
    store: createStaging(createS3Files(bucket.location), key),
    reopen: (other = key) => createStaging(createS3Files(bucket.location), other),
    tellsFormerWriter: true,
    damageChunk: async (place) => flipByte((await partsOf(place)).at(0) ?? '', 2),
    removeChunk: async (place) => bucket.remove((await partsOf(place)).at(0) ?? ''),
    tearLastOutcome: async (place) => bucket.remove((await logOf(place)).at(-1) ?? ''),
    damageFirstOutcome: async (place) => flipByte((await logOf(place)).at(0) ?? '', 10),
    age: (place, ms) => bucket.age(folderOf(place), ms),
    count: async () => (await bucket.keys()).length,
    everything: async () => Buffer.concat(await Promise.all((await bucket.keys()).map(async (name) => (await bucket.get(name)) ?? Buffer.alloc(0)))),
    close: () => bucket.close(),
  };
}
