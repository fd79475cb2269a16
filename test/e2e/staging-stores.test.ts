import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities } from '../../activities/index.js';
import type { Activities, StepInput } from '../../activities/types.js';
import type { SyncResult } from '../../src/client/index.js';
import type { StagedFile, StagingStore } from '../../src/staging/staging.js';
import { Adapters } from '../../src/worker/adapters.js';
import { openLocalStaging } from '../conformance/local-staging-harness.js';
import { openS3Staging } from '../conformance/s3-staging-harness.js';
import type { StagingHarness } from '../conformance/staging-suite.js';
import { TestBucket } from '../support/s3.js';
import { createPeople, createRig, modelState, receivedState, type Rig } from '../support/sluice.js';

const retainMs = 60_000;
const key = randomBytes(32);

for (const [where, open] of [['in a local folder', openLocalStaging], ['on S3', openS3Staging]] as const) {
  describe(`records that are staged ${where}`, function () {
    this.timeout(60_000);
    let rig: Rig;
    let adapters: Adapters;
    let harness: StagingHarness;
    /** The files of the sync that was staged last, by chunk. */
    const files = new Map<number, StagedFile>();

    before(async () => {
      [rig, harness] = await Promise.all([createRig(), open(key)]);
      adapters = new Adapters(rig.configuration, {});
      await createPeople(rig.database, 3_000);
    });
    after(async () => {
      await Promise.all([adapters.close(), harness.close()]);
      await rig.stop();
    });

    const activities = (): Activities => createActivities({ ...adapters.dependencies(), staging: noting(harness.store, files), stagingRetainMs: retainMs });
    const step = <T>(work: (does: Activities) => Promise<T>): Promise<T> => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR'), client: rig.temporal }).run(() => work(activities()));
    const stageAll = async (requestKey: string): Promise<{ readonly input: StepInput; readonly chunks: readonly number[] }> => {
      const { subscription } = rig;
      const sync = await step((does) => does.openSync({ subscription, trigger: 'manual' as const, requestKey }));
      const input = { sync, subscription, workspaceId: 'test', full: true };
      const { toSend } = await step((does) => does.diffModel(input));
      files.clear();
      const staged = await step((does) => does.stageRecords({ ...input, grant: { records: toSend, ledger: 0 } }));
      assert(staged.kind === 'staged');
      return { input, chunks: staged.chunks };
    };
    const settle = async (input: StepInput): Promise<SyncResult> => step((does) => does.settleSync({ ...input, end: null }));
    const placeOf = ({ sync }: StepInput, chunk = 0) => ({ subscriptionId: sync.subscriptionId, syncNumber: sync.number, chunk });

    it('and damaged, or lost, end their load with what happened, and are found again by the next sync', async () => {
      const { input, chunks } = await stageAll('first');
      const [damaged = 0, gone = 0, ...sound] = chunks;
      assert(sound.length > 0);
      const fileOf = (chunk: number): StagedFile => files.get(chunk) ?? assert.fail('it was staged');
      await harness.damageChunk(placeOf(input, damaged), fileOf(damaged));
      await harness.removeChunk(placeOf(input, gone), fileOf(gone));
      await assert.rejects(step((does) => does.loadChunk({ ...input, chunk: damaged })), /is damaged.*; the next sync finds its records again/);
      await assert.rejects(step((does) => does.loadChunk({ ...input, chunk: gone })), /is gone from the staging .*; the next sync finds its records again/);
      for (const chunk of sound) assert.equal((await step((does) => does.loadChunk({ ...input, chunk }))).stop, null);
      const first = await settle(input);
      assert(first.succeeded > 0 && first.succeeded < 3_000);

      const next = await stageAll('second');
      for (const chunk of next.chunks) await step((does) => does.loadChunk({ ...next.input, chunk }));
      assert.equal((await settle(next.input)).succeeded, 3_000 - first.succeeded);
      assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database));
    });

    it('are kept while their sync is open, however long, and go once it has settled and the retention is over', async () => {
      await rig.database.query(`UPDATE people SET name = 'changed'`);
      const before = await harness.count();
      const { input, chunks } = await stageAll('third');
      await harness.age(placeOf(input), 2 * retainMs);
      const forgotten = { subscriptionId: 'nobody_knows', syncNumber: 1, chunk: 0 };
      await (await harness.store.createChunk(forgotten, 'a1')).finish();
      await harness.age(forgotten, 2 * retainMs);
      const young = { ...forgotten, syncNumber: 2 };
      await (await harness.store.createChunk(young, 'a1')).finish();

      // Any settling sync sweeps, here one that has settled already; the first two syncs are younger than the retention.
      await settle({ ...input, sync: { ...input.sync, number: input.sync.number - 1 } });
      assert.deepEqual(await harness.store.syncsOlderThan(retainMs), [{ subscriptionId: input.sync.subscriptionId, syncNumber: input.sync.number }]);
      for (const chunk of chunks) assert((await step((does) => does.loadChunk({ ...input, chunk }))).succeeded > 0);
      assert.equal((await settle(input)).succeeded, 3_000);

      await harness.age(placeOf(input), 2 * retainMs);
      await settle(input);
      assert.deepEqual(await harness.store.syncsOlderThan(retainMs), []);
      await harness.store.removeSync(young);
      assert.equal(await harness.count(), before);
    });
  });
}

describe('a worker with staging on S3', function () {
  this.timeout(60_000);
  let rig: Rig;
  let bucket: TestBucket;
  before(async () => {
    [rig, bucket] = await Promise.all([createRig(), TestBucket.make()]);
    const staging = { type: 's3', ...bucket.location, retainMs, encryption: { key: key.toString('base64') } } as const;
    await rig.startWorker({ ...rig.configuration, staging });
  });
  after(async () => {
    await bucket.close();
    await rig.stop();
  });

  it('delivers what changed, and leaves nothing readable in the bucket', async () => {
    const people = await rig.subscribe(500);
    assert.equal((await people.sync()).succeeded, 500);
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
    const objects = await Promise.all((await bucket.keys(`${people.id}/1/`)).map((name) => bucket.get(name)));
    assert(objects.length > 2, 'chunks and their outcome logs are there');
    assert(!Buffer.concat(objects.flatMap((bytes) => bytes ?? [])).includes('person'));
  });
});

/** A store that notes which files it made. */
function noting(store: StagingStore, files: Map<number, StagedFile>): StagingStore {
  return {
    ...store,
    createChunk: async (place, attempt) => {
      const writer = await store.createChunk(place, attempt);
      return {
        write: (parts) => writer.write(parts),
        abort: () => writer.abort(),
        finish: async () => {
          const file = await writer.finish();
          files.set(place.chunk, file);
          return file;
        },
      };
    },
  };
}
