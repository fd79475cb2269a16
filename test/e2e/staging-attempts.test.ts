import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { diffModel } from '../../activities/diff-model.js';
import { openSync } from '../../activities/open-sync.js';
import { stageRecords } from '../../activities/stage-records.js';
import { Adapters } from '../../src/worker/adapters.js';
import { createRig, type Rig } from '../support/sluice.js';

describe('staging that is tried twice', function () {
  this.timeout(60_000);
  let rig: Rig;
  before(async () => (rig = await createRig()));
  after(() => rig.stop());

  it('keeps the files of the attempt that was first, and removes those of the other', async () => {
    await rig.database.query('CREATE TABLE people (id bigint, name text); INSERT INTO people SELECT i, $$person $$ || i FROM generate_series(1, 50) AS i');
    const adapters = new Adapters(rig.configuration, {});
    const dependencies = adapters.dependencies();
    const { subscription } = rig;
    const step = <T>(attempt: number, work: () => Promise<T>): Promise<T> => new MockActivityEnvironment({ attempt }, { client: rig.temporal }).run(work);
    try {
      const sync = await step(1, () => openSync(dependencies, { subscription, trigger: 'manual', requestKey: 'once' }));
      const input = { sync, subscription, workspaceId: 'test', full: false };
      const { toSend } = await step(1, () => diffModel(dependencies, input));
      const staging = { ...input, grant: { records: toSend, ledger: 0 } };
      const stagedFiles = async (): Promise<string[]> => (await readdir(join(rig.folder, 'staging', subscription.id, String(sync.number)))).sort();
      const first = await step(1, () => stageRecords(dependencies, staging));
      const files = await stagedFiles();
      assert.deepEqual(await step(2, () => stageRecords(dependencies, staging)), first);
      assert(files.length > 0 && files.every((file) => file.includes('.1.')), files.join());
      assert.deepEqual(await stagedFiles(), files);
    } finally {
      await adapters.close();
    }
  });
});
