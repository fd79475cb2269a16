import assert from 'node:assert/strict';
import { createRig, eventually, modelState, receivedState, type Rig, type Subscribed } from '../support/sluice.js';
import { WorkerProcess } from '../support/worker-process.js';

const batchSize = 20;
const concurrency = 2;
const rows = 1_000;

describe('a worker', function () {
  this.timeout(90_000);
  let rig: Rig;
  let people: Subscribed;
  let victim: WorkerProcess;
  /** The messageIds of all that was taken. */
  const arrivals = new Set<string>();
  before(async () => (rig = await createRig({ destination: { batchSize, concurrency, giveUpAfterMs: 120_000 } })));
  after(() => rig.stop());
  beforeEach(async () => {
    victim = await WorkerProcess.start(rig);
  });
  afterEach(() => victim.end('SIGKILL'));

  /** Starts a sync of all rows on a worker of its own, slow enough to be interrupted; resolves with the request once some batches were taken. */
  const startLoad = async (): Promise<number> => {
    people = await rig.subscribe(rows);
    rig.receiver.refuseRecord = ({ messageId = '' }) => {
      arrivals.add(messageId);
      return null;
    };
    rig.receiver.next({ kind: 'delay', ms: 150 }, 1_000);
    const request = await people.request();
    await eventually('some batches were taken', () => rig.receiver.taken.new >= 5 * batchSize);
    return request;
  };
  const assertReceiverEqualsTable = async (): Promise<void> => assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
  const finish = async (request: number): Promise<void> => {
    rig.receiver.endScript();
    const result = await rig.client.waitForSync(people.id, request);
    const { status, extracted, processed, succeeded, failed, notSent } = result;
    assert.deepEqual({ status, added: extracted.added, processed, succeeded, failed, notSent }, { status: 'succeeded', added: rows, processed: rows, succeeded: rows, failed: 0, notSent: 0 });
    assert.equal([...arrivals].filter((messageId) => messageId.startsWith(`${people.id}-1-`)).length, rows);
    await assertReceiverEqualsTable();
  };

  it('that is killed in the middle of a load and of a replay costs nothing but one batch per chunk under way, sent again under the same messageIds', async () => {
    const past = await rig.subscribe(rows);
    assert.equal((await past.sync()).succeeded, rows);
    const request = await startLoad();
    await rig.client.apply({ ...rig.configuration, subscriptions: { [past.id]: past.subscription, [people.id]: people.subscription } });
    const replay = await rig.client.requestSync(past.id, { replay: 1 });
    assert(replay.accepted);
    const arrived = (sync: string) => [...arrivals].filter((messageId) => messageId.startsWith(`${sync}-`)).length;
    await eventually('some batches of the replay were taken', () => arrived(`${past.id}-2`) >= 3 * batchSize);
    await victim.end('SIGKILL');
    assert.ok(arrived(`${past.id}-2`) < rows && arrived(`${people.id}-1`) < rows, 'it was killed in the middle of both');
    const successor = await rig.startWorker();
    await finish(request);
    const { status, replayOf, processed, succeeded, failed, notSent, superseded } = await rig.client.waitForSync(past.id, replay.request);
    assert.deepEqual({ status, replayOf, processed, succeeded, failed, notSent, superseded }, { status: 'succeeded', replayOf: `${past.id}-1`, processed: rows, succeeded: rows, failed: 0, notSent: 0, superseded: 0 });
    assert.deepEqual([arrived(`${past.id}-2`), arrived(`${people.id}-1`)], [rows, rows]);
    const { repeated } = rig.receiver.taken;
    assert.ok(repeated <= 2 * concurrency * batchSize, `${repeated} records were repeated`);
    await successor.stop();
  });

  it('that gets SIGTERM ends its batches, and its successor repeats nothing', async () => {
    const request = await startLoad();
    assert.equal(await victim.end('SIGTERM'), 0);
    assert.ok(rig.receiver.taken.new < rows, 'it was stopped in the middle');
    const successor = await rig.startWorker();
    await finish(request);
    assert.equal(rig.receiver.taken.repeated, 0);
    await successor.stop();
  });
});
