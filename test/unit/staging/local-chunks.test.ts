import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StagingLostError } from '../../../src/errors/errors.js';
import { createLocalFiles } from '../../../src/staging/local.js';
import type { StagedFile } from '../../../src/staging/staging.js';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

const place = { subscriptionId: 'customers_to_crm', syncNumber: 7, chunk: 12 };

describe('a chunk file', () => {
  let folder: TemporaryFolder;
  before(async () => {
    folder = await temporaryFolder();
  });
  after(() => folder.remove());

  /** Writes each of these at once, in two parts. */
  const stage = async (blocks: readonly Buffer[]): Promise<StagedFile> => {
    const writer = await createLocalFiles(folder.path).createChunk(place, 'a1', false);
    for (const block of blocks) await writer.write([block.subarray(0, block.length >> 1), block.subarray(block.length >> 1)]);
    return writer.finish();
  };
  const pathOf = ({ name }: StagedFile): string => join(folder.path, place.subscriptionId, String(place.syncNumber), name);

  /** What comes out of it until it ends or is given up. */
  const read = async (file: StagedFile): Promise<{ readonly blocks: readonly Buffer[]; readonly error: unknown }> => {
    const blocks: Buffer[] = [];
    try {
      for await (const block of createLocalFiles(folder.path).readChunk(place, file)) blocks.push(Buffer.from(block));
      return { blocks, error: null };
    } catch (error) {
      return { blocks, error };
    }
  };

  it('comes back as it was written, block by block', async () => {
    for (const sizes of [[], [0], [1], [1_000_000], [3, 0, 5_000_000, 1, 70_000]]) {
      const blocks = sizes.map((bytes) => randomBytes(bytes));
      const found = await read(await stage(blocks));
      assert.deepEqual(found, { blocks, error: null });
    }
  });

  it('gives out nothing of what is damaged, whichever byte it is', async () => {
    const blocks = [2, 300, 1, 40].map((bytes) => randomBytes(bytes));
    const file = await stage(blocks);
    const sound = await readFile(pathOf(file));
    for (const at of sound.keys()) {
      const bytes = Buffer.from(sound);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      await writeFile(pathOf(file), bytes);
      const found = await read(file);
      assert(found.error instanceof StagingLostError, `byte ${at}`);
      assert.deepEqual(found.blocks, blocks.slice(0, found.blocks.length));
      assert(Buffer.concat(found.blocks).length <= at);
    }
  });

  it('is lost when bytes are missing or too many, at its end or in the middle', async () => {
    const blocks = [2, 30, 1, 40].map((bytes) => randomBytes(bytes));
    const file = await stage(blocks);
    const sound = await readFile(pathOf(file));
    for (let bytes = 0; bytes <= sound.length; bytes++) {
      const [before, behind] = [sound.subarray(0, bytes), sound.subarray(bytes)];
      for (const damaged of [...(bytes < sound.length ? [before, Buffer.concat([before, behind.subarray(1)])] : []), Buffer.concat([before, Buffer.of(7), behind])]) {
        await writeFile(pathOf(file), damaged);
        assert((await read(file)).error instanceof StagingLostError, `byte ${bytes}`);
      }
    }
  });
});
