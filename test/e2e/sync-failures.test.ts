import assert from 'node:assert/strict';
import type { SyncResult } from '../../src/client/index.js';
import type { ReceivedRecord } from '../support/receiver.js';
import { createRig, modelState, receivedState, type Rig, type Subscribed } from '../support/sluice.js';

interface Failure {
  readonly record_id: string;
  readonly operation: string;
  readonly maybe_delivered: boolean;
  readonly attempts: number;
  readonly reason: string;
  readonly code: string | null;
}

describe('records that a destination does not take', () => {
  let rig: Rig;
  before(async () => {
    rig = await createRig({ destination: { timeoutMs: 500, giveUpAfterMs: 1_000, batchSize: 20, concurrency: 1 } });
    const { crm } = rig.configuration.destinations;
    assert.ok(crm?.type === 'webhook');
    await rig.startWorker({ ...rig.configuration, destinations: { crm, patient: { ...crm, timeoutMs: 100, giveUpAfterMs: 10_000 }, single: { ...crm, batchSize: 1, timeoutMs: 100, giveUpAfterMs: 500 } } });
  });
  after(() => rig.stop());

  const failures = async ({ id }: Subscribed): Promise<readonly Failure[]> => {
    const found = await rig.database.query<Failure>(
      `SELECT record_id, operation, maybe_delivered, attempts, reason, code FROM __segment_reverse_etl.failures_${id} ORDER BY record_id::bigint`,
    );
    return found.rows;
  };
  const counts = ({ status, succeeded, failed, notSent }: SyncResult): unknown => ({ status, succeeded, failed, notSent });
  const assertReceiverEqualsTable = async ({ table }: Subscribed): Promise<void> => assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, table));
  /** What arrives from now on, also what is refused. */
  const watch = (): ReceivedRecord[] => {
    const seen: ReceivedRecord[] = [];
    rig.receiver.refuseRecord = (record) => {
      seen.push(record);
      return null;
    };
    return seen;
  };

  it('are kept with the destination\'s reason, without the values that it quotes, and sent again by the next sync, alone and in their newest version', async () => {
    const people = await rig.subscribe(60);
    rig.receiver.refuseRecord = (record) => (['3', '50'].includes(record.__segment_id ?? '') ? `no plan for ${JSON.stringify(record.properties?.['name'])}` : null);
    assert.deepEqual(counts(await people.sync()), { status: 'partially_succeeded', succeeded: 58, failed: 2, notSent: 0 });
    const failed = { operation: 'new', maybe_delivered: false, attempts: 1, reason: '422 no plan for "[value]"', code: '422' };
    assert.deepEqual(await failures(people), [{ record_id: '3', ...failed }, { record_id: '50', ...failed }]);

    await rig.database.query(`UPDATE ${people.table} SET name = 'newest' WHERE id = 50`);
    const seen = watch();
    assert.deepEqual(counts(await people.sync()), { status: 'succeeded', succeeded: 2, failed: 0, notSent: 0 });
    assert.deepEqual(seen.map((record) => [record.__segment_id, record.event]).sort(), [['3', 'new'], ['50', 'new']]);
    assert.equal(seen.find((record) => record.__segment_id === '50')?.properties?.['name'], 'newest');
    assert.deepEqual(await failures(people), []);
    await assertReceiverEqualsTable(people);
  });

  it('are found one by one in a batch that is refused as a whole', async () => {
    const people = await rig.subscribe(60);
    rig.receiver.isBad = (record) => record.__segment_id === '31';
    assert.deepEqual(counts(await people.sync()), { status: 'partially_succeeded', succeeded: 59, failed: 1, notSent: 0 });
    assert.deepEqual((await failures(people)).map((row) => row.record_id), ['31']);
    rig.receiver.isBad = () => false;
    assert.deepEqual(counts(await people.sync()), { status: 'succeeded', succeeded: 1, failed: 0, notSent: 0 });
    await assertReceiverEqualsTable(people);
  });

  it('are found one by one where the destination hangs over them: the others are delivered, and the report has those as ambiguous', async () => {
    const people = await rig.subscribe(60, { destination: 'patient' });
    rig.receiver.hangsOver = (record) => record.__segment_id === '31';
    const result = await people.sync();
    assert.deepEqual([counts(result), result.ambiguous, result.error], [{ status: 'partially_succeeded', succeeded: 59, failed: 1, notSent: 0 }, 1, null]);
    assert.deepEqual((await failures(people)).map((row) => [row.record_id, row.maybe_delivered, row.attempts]), [['31', true, 0]]);
    assert.equal(rig.receiver.taken.repeated, 0);
    rig.receiver.hangsOver = () => false;
    assert.deepEqual(counts(await people.sync()), { status: 'succeeded', succeeded: 1, failed: 0, notSent: 0 });
    await assertReceiverEqualsTable(people);
  });

  /** The one that arrives first is met by each attempt; with one record a batch, the others stand behind it. */
  const first = (): ((record: ReceivedRecord) => boolean) => {
    let id: string | undefined;
    return (record) => record.__segment_id === (id ??= record.__segment_id);
  };

  it('do not hold up those behind them where each is sent alone and the destination hangs over one', async () => {
    const people = await rig.subscribe(6, { destination: 'single' });
    rig.receiver.hangsOver = first();
    const result = await people.sync();
    assert.deepEqual([counts(result), result.ambiguous, result.error], [{ status: 'partially_succeeded', succeeded: 5, failed: 1, notSent: 0 }, 1, null]);
    const [failure, ...others] = await failures(people);
    assert.match(failure?.reason ?? '', /did not answer in time, though it took the next record/);
    assert.deepEqual([failure?.maybe_delivered, failure?.attempts, others, rig.receiver.taken.repeated], [true, 0, [], 0]);
    rig.receiver.hangsOver = () => false;
    assert.deepEqual(counts(await people.sync()), { status: 'succeeded', succeeded: 1, failed: 0, notSent: 0 });
    await assertReceiverEqualsTable(people);
  });

  it('fail alone, with the status, where each is sent alone and the destination breaks down over one', async () => {
    const people = await rig.subscribe(6, { destination: 'single' });
    rig.receiver.breaksDownOver = first();
    const result = await people.sync();
    assert.deepEqual([counts(result), result.ambiguous, result.error], [{ status: 'partially_succeeded', succeeded: 5, failed: 1, notSent: 0 }, 0, null]);
    assert.deepEqual((await failures(people)).map(({ maybe_delivered, attempts, code }) => [maybe_delivered, attempts, code]), [[false, 1, '500']]);
  });

  it('are not the cause where the next one is not taken either: that is an outage, by one request more', async () => {
    const people = await rig.subscribe(6, { destination: 'single' });
    rig.receiver.breaksDownOver = () => true;
    const down = await people.sync();
    assert.deepEqual(counts(down), { status: 'failed', succeeded: 0, failed: 0, notSent: 6 });
    assert.match(down.error ?? '', /gave up within the 0.5 s of giveUpAfter/);
    assert.deepEqual(await failures(people), []);
  });

  it('leave the list when the model goes back to what was acknowledged, and are not sent', async () => {
    const people = await rig.subscribe(5);
    await people.sync();
    await rig.database.query(`UPDATE ${people.table} SET name = 'other' WHERE id = 1`);
    rig.receiver.refuseRecord = () => 'not now';
    await people.sync();
    assert.deepEqual((await failures(people)).map((row) => [row.record_id, row.operation]), [['1', 'updated']]);
    await rig.database.query(`UPDATE ${people.table} SET name = 'person 1' WHERE id = 1`);
    const seen = watch();
    assert.deepEqual(counts(await people.sync()), { status: 'succeeded', succeeded: 0, failed: 0, notSent: 0 });
    assert.deepEqual([seen, await failures(people)], [[], []]);
    await assertReceiverEqualsTable(people);
  });

  it('leave the list when they were never delivered and vanish from the model', async () => {
    const people = await rig.subscribe(5);
    rig.receiver.refuseRecord = (record) => (record.__segment_id === '1' ? 'not now' : null);
    await people.sync();
    await rig.database.query(`DELETE FROM ${people.table} WHERE id = 1`);
    const seen = watch();
    await people.sync();
    assert.deepEqual([seen, await failures(people)], [[], []]);
  });

  it('are sent again under the same messageId when an answer was lost, and take effect once', async () => {
    const people = await rig.subscribe(60);
    rig.receiver.next({ kind: 'break', when: 'after_taking' });
    rig.receiver.next({ kind: 'silence' });
    const { status, succeeded } = await people.sync();
    assert.deepEqual([status, succeeded], ['succeeded', 60]);
    const { new: taken, repeated } = rig.receiver.taken;
    assert.equal(taken, 60);
    assert.ok(repeated > 0 && repeated <= 20, `${repeated} records were repeated: one batch`);
    await assertReceiverEqualsTable(people);
  });

  it('are ambiguous when no answer ever comes, and the next sync settles them', async () => {
    const people = await rig.subscribe(10);
    rig.receiver.next({ kind: 'break', when: 'after_taking' }, 100);
    const lost = await people.sync();
    assert.deepEqual(counts(lost), { status: 'failed', succeeded: 0, failed: 10, notSent: 0 });
    assert.equal(lost.ambiguous, 10);
    assert.match(lost.error ?? '', /gave up within the 1 s of giveUpAfter/);
    assert.deepEqual(new Set((await failures(people)).map((row) => [row.maybe_delivered, row.attempts].join())), new Set(['true,0']));

    // One goes back to where it came from, one vanishes: the destination may have either, so both are sent.
    await rig.database.query(`DELETE FROM ${people.table} WHERE id = 1`);
    rig.receiver.endScript();
    const seen = watch();
    assert.deepEqual(counts(await people.sync()), { status: 'succeeded', succeeded: 10, failed: 0, notSent: 0 });
    assert.equal(seen.find((record) => record.__segment_id === '1')?.event, 'deleted');
    assert.deepEqual(await failures(people), []);
    await assertReceiverEqualsTable(people);
  });

  it('stay for the next sync when the destination is down, and the sync ends as failed', async () => {
    const people = await rig.subscribe(60);
    rig.receiver.next({ kind: 'answer', status: 503 }, 100);
    const down = await people.sync();
    assert.deepEqual(counts(down), { status: 'failed', succeeded: 0, failed: 0, notSent: 60 });
    assert.match(down.error ?? '', /the destination answered 503/);
    assert.deepEqual(await failures(people), []);
    rig.receiver.endScript();
    assert.deepEqual(counts(await people.sync()), { status: 'succeeded', succeeded: 60, failed: 0, notSent: 0 });
    await assertReceiverEqualsTable(people);
  });

  it('wait while the credentials are refused: the sync ends at the first answer', async () => {
    const people = await rig.subscribe(60);
    rig.receiver.next({ kind: 'answer', status: 401 });
    const refused = await people.sync();
    assert.deepEqual(counts(refused), { status: 'failed', succeeded: 0, failed: 0, notSent: 60 });
    assert.match(refused.error ?? '', /401: it refuses the credentials/);
    assert.equal(rig.receiver.requests.length, 1);
    assert.equal((await people.sync()).succeeded, 60);
  });

  it('expire after five syncs, and are tried again once the model differs from what failed', async () => {
    const people = await rig.subscribe(3);
    rig.receiver.refuseRecord = (record) => (record.__segment_id === '2' ? 'never' : null);
    for (let attempt = 1; attempt <= 5; attempt++) assert.equal((await people.sync()).failed, 1, `attempt ${attempt}`);
    const seen = watch();
    assert.deepEqual(counts(await people.sync()), { status: 'succeeded', succeeded: 0, failed: 0, notSent: 0 });
    assert.deepEqual(seen, []);
    await rig.database.query(`UPDATE ${people.table} SET name = 'mended' WHERE id = 2`);
    assert.equal((await people.sync()).succeeded, 1);
    assert.deepEqual(await failures(people), []);
    await assertReceiverEqualsTable(people);
  });
});
