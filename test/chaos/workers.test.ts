import assert from 'node:assert/strict';
import { TestBucket } from '../support/s3.js';
import { sideBySide } from '../support/side-by-side.js';
import { startSlowLoad } from '../support/slow-load.js';
import { createRig, eventually, modelState, receivedState, type Rig, type Subscribed } from '../support/sluice.js';
import { unsettled } from '../support/trouble.js';
import { WorkerProcess } from '../support/worker-process.js';

const batchSize = 20;
const concurrency = 2;
const rows = 1_000;

describe('a worker', function () {
  this.timeout(90_000);

  sideBySide({
    'that is killed in the middle of a load and of a replay costs nothing but one batch per chunk under way, sent again under the same messageIds': () => inRig(async (rig, arrivals) => {
      const victim = await WorkerProcess.start(rig);
      try {
        const past = await rig.subscribe(rows);
        assert.equal((await past.sync()).succeeded, rows);
        const people = await rig.subscribe(rows);
        const request = await startSlowLoad(rig, people, batchSize);
        await applyBoth(rig, past, people);
        const replay = await rig.client.requestSync(past.id, { replay: 1 });
        assert(replay.accepted);
        await eventually('some batches of the replay were taken', () => arrivals.of(`${past.id}-2`) >= 3 * batchSize);
        await victim.end('SIGKILL');
        assert.ok(arrivals.of(`${past.id}-2`) < rows && arrivals.of(`${people.id}-1`) < rows, 'it was killed in the middle of both');
        await rig.startWorker();
        rig.receiver.endScript();
        await assertDelivered(rig, people, request);
        await assertDelivered(rig, past, replay.request);
        assert.deepEqual([arrivals.of(`${past.id}-2`), arrivals.of(`${people.id}-1`)], [rows, rows]);
        assert.ok(arrivals.repeated() <= 2 * concurrency * batchSize, `${arrivals.repeated()} records were repeated`);
        assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
      } finally {
        await victim.end('SIGKILL');
      }
    }),

    'whose staging is on S3 and that is killed in the middle of a load and of staging costs nothing more': () => inRig(async (local, arrivals) => {
      const bucket = await TestBucket.make();
      const staging = { type: 's3', ...bucket.location, retainMs: 3_600_000, encryption: null } as const;
      const rig = { ...local, configuration: { ...local.configuration, staging } };
      const victim = await WorkerProcess.start(rig);
      try {
        const staged = await rig.subscribe(rows);
        await rig.database.query(`UPDATE ${staged.table} SET id = id + ${rows}`);
        const people = await rig.subscribe(rows);
        const request = await startSlowLoad(rig, people, batchSize);
        await applyBoth(rig, staged, people);
        const letGo = await bucket.hold(`${staged.id}/`, 5);
        const other = await staged.request();
        await eventually('some of its chunks are staged', async () => (await bucket.keys(`${staged.id}/1/`)).length === 5);
        await victim.end('SIGKILL');
        assert.ok(arrivals.of(`${people.id}-1`) < rows, 'it was killed in the middle of the load too');
        await rig.startWorker(rig.configuration);
        await letGo(); // what the victim was about to write may come later still
        rig.receiver.endScript();
        await assertDelivered(rig, people, request);
        await assertDelivered(rig, staged, other);
        assert.deepEqual([arrivals.of(`${staged.id}-1`), arrivals.of(`${people.id}-1`)], [rows, rows]);
        assert.ok(arrivals.repeated() <= concurrency * batchSize, `${arrivals.repeated()} records were repeated`);
        assert.deepEqual(receivedState(rig.receiver), new Map([...await modelState(rig.database, people.table), ...await modelState(rig.database, staged.table)]));
      } finally {
        await victim.end('SIGKILL');
        await bucket.close();
      }
    }),

    'that gets SIGTERM ends its batches, and its successor repeats nothing': () => inRig(async (rig, arrivals) => {
      const victim = await WorkerProcess.start(rig);
      try {
        const people = await rig.subscribe(rows);
        const request = await startSlowLoad(rig, people, batchSize);
        assert.equal(await victim.end('SIGTERM'), 0);
        assert.ok(arrivals.of(`${people.id}-1`) < rows, 'it was stopped in the middle');
        await rig.startWorker();
        rig.receiver.endScript();
        await assertDelivered(rig, people, request);
        assert.deepEqual([arrivals.of(`${people.id}-1`), arrivals.repeated()], [rows, 0]);
        assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
      } finally {
        await victim.end('SIGKILL');
      }
    }),
  });
});

/** The messageIds of all that was taken. */
class Arrivals {
  readonly #times = new Map<string, number>();

  note(messageId: string): void {
    this.#times.set(messageId, (this.#times.get(messageId) ?? 0) + 1);
  }

  /** How many records of a sync. */
  of(sync: string): number {
    return [...this.#times.keys()].filter((messageId) => messageId.startsWith(`${sync}-`)).length;
  }

  repeated(): number {
    return [...this.#times.values()].reduce((sum, times) => sum + times - 1, 0);
  }
}

async function inRig(work: (rig: Rig, arrivals: Arrivals) => Promise<void>): Promise<void> {
  const rig = await createRig({ destination: { batchSize, concurrency, giveUpAfterMs: 120_000 } });
  const arrivals = new Arrivals();
  const subscribe: Rig['subscribe'] = async (...args) => {
    const subscribed = await rig.subscribe(...args);
    rig.receiver.refuseRecord = ({ messageId = '' }) => {
      arrivals.note(messageId);
      return null;
    };
    return subscribed;
  };
  try {
    await work({ ...rig, subscribe }, arrivals);
    assert.deepEqual(await unsettled(rig), []);
  } finally {
    await rig.stop();
  }
}

async function applyBoth({ client, configuration }: Rig, one: Subscribed, other: Subscribed): Promise<void> {
  await client.apply({ ...configuration, subscriptions: { [one.id]: one.subscription, [other.id]: other.subscription } });
}

async function assertDelivered({ client }: Rig, { id }: Subscribed, request: number): Promise<void> {
  const { status, processed, succeeded, failed, notSent, superseded } = await client.waitForSync(id, request);
  assert.deepEqual({ status, processed, succeeded, failed, notSent, superseded }, { status: 'succeeded', processed: rows, succeeded: rows, failed: 0, notSent: 0, superseded: 0 });
}
