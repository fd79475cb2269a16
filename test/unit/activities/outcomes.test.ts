import assert from 'node:assert/strict';
import { ChunkOutcomes, countChunk, summarize } from '../../../activities/outcomes.js';
import { createLocalFiles } from '../../../src/staging/local.js';
import type { StagingStore } from '../../../src/staging/staging.js';
import { createStaging } from '../../../src/staging/store.js';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

const batchSize = 20;
const place = { subscriptionId: 'people_to_crm', syncNumber: 1, chunk: 0 };
const chunk = { chunk: 0, file: 'chunk', sha256: '', records: 100 };

describe('a load that leaves off, and whose sync then ends', () => {
  let folder: TemporaryFolder;
  let staging: StagingStore;
  beforeEach(async () => {
    folder = await temporaryFolder();
    staging = createStaging(createLocalFiles(folder.path), null);
    await (await staging.createChunk(place, 'a1')).finish();
  });
  afterEach(() => folder.remove());

  /** One attempt at the load: logs what it delivered, then ends as told, `under way` as a process that dies with a batch on its way. */
  const attempt = async (number: number, delivered: readonly number[], end: 'leaves off' | 'under way'): Promise<void> => {
    const outcomes = await ChunkOutcomes.open(staging, place, number);
    for (const upTo of delivered) {
      await outcomes.noteUnderWay(batchSize);
      await outcomes.append({ upTo, batchSize, failed: [] });
    }
    if (end === 'leaves off') await outcomes.leaveOff({ upTo: outcomes.entries.at(-1)?.upTo ?? 0, batchSize, failed: [] });
    else await outcomes.noteUnderWay(batchSize);
    await outcomes.close();
  };
  /** What is said of the chunk when nobody goes on with it. */
  const counts = async () => {
    const log = summarize(await staging.readOutcomes(place));
    return countChunk(chunk, log, { ambiguous: log.batchSize ?? chunk.records, reason: 'the sync died' });
  };

  it('has sent nothing without an answer where no earlier attempt may have', async () => {
    await attempt(1, [], 'leaves off');
    assert.deepEqual(await counts(), { succeeded: 0, failed: 0, notSent: 100 });
    await attempt(2, [20, 40], 'leaves off');
    assert.deepEqual(await counts(), { succeeded: 40, failed: 0, notSent: 60 });
    await attempt(3, [], 'leaves off');
    assert.deepEqual(await counts(), { succeeded: 40, failed: 0, notSent: 60 });
  });

  it('may have sent the batch that an earlier attempt died with, until that one was answered for', async () => {
    await attempt(1, [], 'under way');
    await attempt(2, [], 'leaves off');
    assert.deepEqual(await counts(), { succeeded: 0, failed: 20, notSent: 80 });
    await attempt(3, [20], 'leaves off');
    assert.deepEqual(await counts(), { succeeded: 20, failed: 0, notSent: 80 });
    await attempt(4, [], 'under way');
    await attempt(5, [], 'leaves off');
    assert.deepEqual(await counts(), { succeeded: 20, failed: 20, notSent: 60 });
  });

  it('goes on after all that its predecessor logged, also while it took over', async () => {
    const former = await ChunkOutcomes.open(staging, place, 1);
    const outcomes = await ChunkOutcomes.open({ ...staging, openOutcomes: async (where) => {
      for (const upTo of [20, 40]) await former.append({ upTo, batchSize, failed: [] });
      return staging.openOutcomes(where);
    } }, place, 2);
    assert.deepEqual(outcomes.entries.map(({ upTo }) => upTo), [20, 40]);
    await Promise.all([former.close(), outcomes.close()]);
  });
});
