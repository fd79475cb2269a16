import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StagingLostError } from '../../../src/errors/errors.js';
import { blockBytes } from '../../../src/staging/block-tags.js';
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

  const stage = async (content: Buffer): Promise<StagedFile> => {
    const writer = await createLocalFiles(folder.path).createChunk(place, 'a1', false);
    for (let start = 0; start < content.length; start += 100_000) await writer.write(content.subarray(start, start + 100_000));
    return writer.finish();
  };
  const pathOf = ({ name }: StagedFile): string => join(folder.path, place.subscriptionId, String(place.syncNumber), name);

  /** What comes out of it until it ends or is given up. */
  const read = async (file: StagedFile): Promise<{ readonly content: Buffer; readonly error: unknown }> => {
    const blocks: Buffer[] = [];
    try {
      for await (const block of createLocalFiles(folder.path).readChunk(place, file)) blocks.push(Buffer.from(block));
      return { content: Buffer.concat(blocks), error: null };
    } catch (error) {
      return { content: Buffer.concat(blocks), error };
    }
  };

  it('comes back byte by byte, wherever its end falls among its blocks', async () => {
    for (const bytes of [0, 1, blockBytes - 1, blockBytes, blockBytes + 1, 4 * blockBytes, 4 * blockBytes + 1, 9 * blockBytes - 15]) {
      const content = randomBytes(bytes);
      const { content: found, error } = await read(await stage(content));
      assert.equal(error, null);
      assert(found.equals(content), `${bytes} bytes`);
    }
  });

  it('gives out nothing of what is damaged, whichever byte it is', async () => {
    const content = randomBytes(6 * blockBytes + 100);
    const file = await stage(content);
    const sound = await readFile(pathOf(file));
    for (const at of [0, blockBytes, 4 * blockBytes - 1, 5 * blockBytes, content.length - 1, content.length, sound.length - 1]) {
      const bytes = Buffer.from(sound);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      await writeFile(pathOf(file), bytes);
      const found = await read(file);
      assert(found.error instanceof StagingLostError, `byte ${at}`);
      assert(found.content.length <= at && content.subarray(0, found.content.length).equals(found.content));
    }
  });

  it('is lost when it is cut off anywhere', async () => {
    for (const bytes of [0, 7, 16, blockBytes, 3 * blockBytes - 1]) {
      const file = await stage(randomBytes(3 * blockBytes));
      await truncate(pathOf(file), bytes);
      assert((await read(file)).error instanceof StagingLostError, `${bytes} bytes`);
    }
  });
});
