import assert from 'node:assert/strict';
import { FencedError, RefusedError, StagingLostError } from '../../src/errors/errors.js';
import { sentBy, type FinishedSync } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

export function replayLaws(bench: () => Bench): void {
  const workTables = async () => [...(await bench().stateTables()).keys()].filter((name) => /^[a-z]_/.test(name));
  const setName = (id: number, name: string) => bench().run(`update people set name = '${name}' where id = ${id}`);
  const numbersOf = ({ result }: FinishedSync) => [result.processed, result.superseded, result.excluded];

  describe('a replay', () => {
    beforeEach(() => bench().createPeople(4));

    it('sends again what the past sync staged, value for value, under a number of its own', async () => {
      await setName(2, `tab\t, line\n, quote " and backslash \\ in it`);
      await bench().run(`insert into people values (5, '","properties":{')`);
      const driver = bench().driver({ query: `select case when id = 5 then 'id ","properties":\\ of 5' else cast(id as text) end as id, name from people` });
      const first = await driver.sync();
      const again = await driver.sync({ replayed: first.sync.number });
      const unnumbered = ({ events }: FinishedSync) => events.map((event) => ({ ...event, messageId: '' })).sort((a, b) => (a.__segment_id < b.__segment_id ? -1 : 1));
      assert.deepEqual(unnumbered(again), unnumbered(first));
      assert.deepEqual(again.events.map(({ messageId, __segment_id }) => messageId === `people_to_crm-2-${__segment_id}`), Array(5).fill(true));
      const { extracted, status, trigger, replayOf, succeeded } = again.result;
      assert.deepEqual([extracted.added, succeeded, again.result.superseded, status, replayOf], [5, 5, 0, 'succeeded', 'people_to_crm-1']);
      assert.equal(trigger, 'replay');
      assert.deepEqual((await driver.warehouse.history('people_to_crm', 1))[0], again.result);
      assert.deepEqual(await workTables(), []);
    });

    it('leaves out, and counts, what is no longer the acknowledged version', async () => {
      const driver = bench().driver();
      const first = await driver.sync();
      await bench().run('delete from people where id = 1');
      await setName(2, 'newer');
      await driver.sync();
      const again = await driver.sync({ replayed: first.sync.number });
      assert.deepEqual([sentBy(again), numbersOf(again)], [['new 3', 'new 4'], [2, 2, 0]]);
      assert.equal(again.result.status, 'succeeded');
    });

    it('sends a version again that the destination was left with when a newer one was never sent', async () => {
      const driver = bench().driver();
      const first = await driver.sync();
      await setName(1, 'newer');
      await driver.sync({ fate: () => 'not_sent' });
      assert.deepEqual(sentBy(await driver.sync({ replayed: first.sync.number })), ['new 1', 'new 2', 'new 3', 'new 4']);
      assert.deepEqual(sentBy(await driver.sync()), ['updated 1']);
    });

    it('leaves out what has failed since, or may have been delivered in a newer version', async () => {
      const driver = bench().driver();
      const first = await driver.sync();
      await bench().run(`update people set name = 'newer' where id < 3`);
      await driver.sync({ fate: ({ __segment_id }) => (__segment_id === '1' ? 'refused' : 'taken_unanswered') });
      assert.deepEqual(sentBy(await driver.sync({ replayed: first.sync.number })), ['new 3', 'new 4']);
    });

    it('sends a deletion again unless the record is back', async () => {
      const driver = bench().driver();
      await driver.sync();
      await bench().run('delete from people where id < 3');
      const deleting = await driver.sync();
      const again = await driver.sync({ replayed: deleting.sync.number });
      assert.deepEqual(sentBy(again), ['deleted 1', 'deleted 2']);
      assert.deepEqual(again.events.map(({ properties }) => properties), Array(2).fill({ id: null, name: null }));
      await bench().run(`insert into people values (1, 'person 1')`);
      await driver.sync();
      assert.deepEqual(sentBy(await driver.sync({ replayed: deleting.sync.number })), ['deleted 2']);
      assert.deepEqual(sentBy(await driver.sync()), []);
    });

    it('keeps to the sync mode of today', async () => {
      const mirror = bench().driver();
      await mirror.sync();
      await bench().run(`delete from people where id = 1; update people set name = 'x' where id = 2; insert into people values (5, 'person 5')`);
      const past = await mirror.sync();
      const driver = mirror.withMode('add');
      const again = await driver.sync({ replayed: past.sync.number });
      assert.deepEqual([sentBy(again), numbersOf(again)], [['new 5'], [1, 0, 2]]);
      assert.deepEqual(sentBy(await mirror.sync()), []);
    });

    it('has nothing to send again after a reset', async () => {
      const driver = bench().driver();
      const first = await driver.sync();
      await driver.warehouse.resetState(driver.subscription, 'crm');
      const again = await driver.sync({ replayed: first.sync.number });
      assert.deepEqual(numbersOf(again), [0, 4, 0]);
      assert.deepEqual(sentBy(await driver.sync()).length, 4);
    });

    it('changes nothing of what the next diff finds', async () => {
      const timestamp = { column: 'updated_at', lookbackMs: 0, fullDiffEveryMs: 3_600_000 };
      await bench().run(`create table stamped (id bigint, updated_at timestamp); insert into stamped values (1, timestamp '2026-01-01 00:00:00'), (2, timestamp '2026-01-02 00:00:00')`);
      const driver = bench().driver({ query: 'select * from stamped', timestamp });
      const first = await driver.sync();
      await bench().run(`insert into stamped values (3, timestamp '2026-01-03 00:00:00')`);
      await driver.sync({ replayed: first.sync.number });
      const scope = async () => (await driver.warehouse.dryRun(driver.subscription, false, new AbortController().signal)).scope;
      assert.equal(await scope(), 'since_checkpoint');
      assert.deepEqual(sentBy(await driver.sync()), ['new 3']);
    });

    it('whose records are refused is forgotten by the next sync, and one without an answer is sent once more', async () => {
      const driver = bench().driver();
      const first = await driver.sync();
      const again = await driver.sync({ replayed: first.sync.number, fate: ({ __segment_id }) => (__segment_id === '1' ? 'refused' : __segment_id === '2' ? 'lost_unanswered' : 'taken') });
      assert.deepEqual([again.result.failed, again.result.ambiguous, again.result.status], [2, 1, 'partially_succeeded']);
      assert.deepEqual([sentBy(await driver.sync()), await bench().failures()], [['updated 2'], []]);
    });

    it('is cut down to what the quota grants', async () => {
      const driver = bench().driver();
      const first = await driver.sync();
      const sync = await driver.open('cut', 'replay');
      assert.equal((await driver.replay(sync, first.sync.number)).toSend, 4);
      assert.equal(await driver.warehouse.takeGrant(sync, 3, 1), 'taken');
      assert.equal((await driver.read(sync)).lines.length, 3);
      const result = await driver.warehouse.settleSync(sync, { kind: 'canceled' });
      assert.deepEqual([result.notSent, result.moreToExtract], [3, true]);
    });

    it('can be replayed itself', async () => {
      const driver = bench().driver();
      const first = await driver.sync();
      const second = await driver.sync({ replayed: first.sync.number });
      assert.deepEqual(sentBy(await driver.sync({ replayed: second.sync.number })), sentBy(first));
    });

    it('of a sync that is not there, has not ended, or staged nothing is refused with the reason, and the next sync goes on', async () => {
      const driver = bench().driver();
      await driver.sync();
      const empty = await driver.sync();
      const sync = await driver.open('refused', 'replay');
      const refusal = (message: RegExp) => (error: unknown) => error instanceof RefusedError && message.test(error.message);
      await assert.rejects(driver.replay(sync, 99), refusal(/people_to_crm-99 can't be replayed: there is no such sync/));
      await assert.rejects(driver.replay(sync, sync.number), refusal(/there is no such sync that has ended/));
      await assert.rejects(driver.replay(sync, empty.sync.number), refusal(/people_to_crm-2 can't be replayed: it staged no records/));
      assert.equal((await driver.warehouse.settleSync(sync, { kind: 'failed', message: 'refused' })).status, 'failed');
      await setName(1, 'newer');
      assert.deepEqual(sentBy(await driver.sync()), ['updated 1']);
    });

    it('whose staged records break off leaves nothing behind', async () => {
      const driver = bench().driver();
      const first = await driver.sync();
      const sync = await driver.open('broken', 'replay');
      const broken = async function* () {
        yield [{ recordId: '1', operation: 'new', version: '', properties: '{}' }] as const;
        await Promise.reject(new StagingLostError('damaged'));
      };
      const request = { sync, subscription: driver.subscription, attempt: 1, chunking: { batchSize: 1, concurrency: 1 }, replayed: first.sync.number };
      await assert.rejects(driver.warehouse.replaySync(request, broken, new AbortController().signal), StagingLostError);
      assert.deepEqual(await workTables(), []);
      assert.equal((await driver.replay(sync, first.sync.number, 2)).toSend, 4);
      await driver.settleDead(sync);
    });

    it('that is tried again returns what the first finished attempt found; fenced off it is refused', async () => {
      const driver = bench().driver();
      const first = await driver.sync();
      const sync = await driver.open('twice', 'replay');
      const found = await driver.replay(sync, first.sync.number, 1);
      assert.deepEqual(await driver.replay(sync, first.sync.number, 2), found);
      await driver.settleDead(sync);
      const next = await driver.open('fenced', 'replay');
      await driver.warehouse.fenceSync(next);
      await assert.rejects(driver.replay(next, first.sync.number), FencedError);
      assert.deepEqual(await workTables(), []);
    });

    it('that died before it ended is settled by the next sync: what it had begun may have been delivered', async () => {
      const driver = bench().driver();
      const first = await driver.sync();
      const sync = await driver.open('dies', 'replay');
      await driver.replay(sync, first.sync.number);
      const staged = await driver.read(sync);
      const [chunk] = await driver.warehouse.registerChunks(sync, staged.chunks);
      assert(chunk);
      await driver.warehouse.acquireChunk(sync, chunk.chunk, 'loader', 60_000);
      const begun = staged.events.get(chunk.chunk) ?? [];
      assert.deepEqual(sentBy(await driver.sync()), sentBy({ events: begun.map((event) => ({ ...event, event: 'updated' })) }));
    });
  });
}
