import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StagingLostError, StagingUnavailableError } from '../../../src/errors/errors.js';
import { onFiles } from '../../../src/staging/local-errors.js';
import { createLocalFiles } from '../../../src/staging/local.js';
import { createStaging } from '../../../src/staging/store.js';
import { appendOutcome } from '../../support/outcomes.js';

const place = { subscriptionId: 'customers_to_crm', syncNumber: 1, chunk: 0 };

const storeIn = (folder: string) => createStaging(createLocalFiles(folder), null);

describe('a local staging folder', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sluice-staging-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('that has vanished has lost what it held: a sync ends instead of waiting for it', async () => {
    const store = storeIn(root);
    const writer = await store.createChunk(place, 'a1');
    const file = await writer.finish();
    await rm(root, { recursive: true });
    assert.deepEqual(await store.readOutcomes(place), []);
    await assert.rejects(store.readChunk(place, file)[Symbol.asyncIterator]().next(), StagingLostError);
    await assert.rejects(appendOutcome(store, place, { upTo: 1, batchSize: 1, failed: [] }), StagingLostError);
  });

  it('is made when it is first written to', async () => {
    const writer = await storeIn(join(root, 'new', 'folder')).createChunk(place, 'a1');
    assert.match((await writer.finish()).name, /^chunk-000000\.a1\./);
  });

  it('is unavailable when its path leads through a file', async () => {
    await writeFile(join(root, 'file'), '');
    await assert.rejects(storeIn(join(root, 'file')).createChunk(place, 'a1'), (error) => error instanceof StagingUnavailableError && error.message.includes('set staging.path to a folder'));
  });

  it('takes no outcome for a sync whose files have gone: the log would begin in the middle', async () => {
    const store = storeIn(root);
    await assert.rejects(appendOutcome(store, place, { upTo: 1, batchSize: 1, failed: [] }), StagingLostError);
  });

  for (const [code, help] of [['ENOSPC', 'the disk is full'], ['EACCES', 'permission is missing'], ['EROFS', 'read-only'], ['EFBIG', 'ulimit -f']] as const) {
    it(`says what to do about ${code}`, async () => {
      // Causing these for real takes a disk and a user of one's own.
      const failing = () => Promise.reject(Object.assign(new Error(code), { code, syscall: 'write' }));
      await assert.rejects(onFiles(root, 'chunk 0', failing), (error) => error instanceof StagingUnavailableError && error.message.includes(help) && error.message.includes(root));
    });
  }
});
