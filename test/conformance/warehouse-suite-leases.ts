import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { FencedError, OpenBooksError } from '../../src/errors/errors.js';
import type { StagedChunk, SyncRef } from '../../src/warehouses/warehouse.js';
import { countsOf, sentBy, streamOf, type SyncDriver } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

export function leaseLaws(bench: () => Bench): void {
  let driver: SyncDriver;
  let sync: SyncRef;
  let chunk: StagedChunk;
  const minuteMs = 60_000;
  const acquire = (holder: string, leaseMs = minuteMs, under = sync) => driver.warehouse.acquireChunk(under, chunk.chunk, holder, leaseMs);
  const finish = (holder: string, under = sync) => driver.warehouse.finishChunk(under, chunk.chunk, holder, countsOf(chunk.records, []), streamOf([]));

  /** One sync with one chunk of one record, registered and not yet taken. */
  const openOneChunk = async () => {
    await bench().createPeople(1);
    driver = bench().driver();
    await openSync();
  };

  const openSync = async () => {
    sync = await driver.open();
    await driver.diff(sync);
    const [registered] = await driver.warehouse.registerChunks(sync, (await driver.read(sync)).chunks);
    assert(registered);
    chunk = registered;
  };

  describe('a chunk’s lease', () => {
    beforeEach(openOneChunk);

    it('is held by one at a time, who may renew it', async () => {
      assert.deepEqual(await acquire('one'), { kind: 'acquired', chunk });
      const answer = await acquire('two');
      assert(answer.kind === 'held' && answer.remainingMs > minuteMs - 10_000 && answer.remainingMs <= minuteMs);
      assert.equal((await acquire('one', 2 * minuteMs)).kind, 'acquired');
      const renewed = await acquire('two');
      assert(renewed.kind === 'held' && renewed.remainingMs > minuteMs, 'the renewal counts');
    });

    it('is had by one of those who ask at once', async () => {
      for (let round = 0; round < 5; round++) {
        const answers = await Promise.all([1, 2, 3, 4].map((holder) => acquire(`${round}/${holder}`, 0)));
        assert(answers.some(({ kind }) => kind === 'acquired'));
        const lasting = await Promise.all([1, 2, 3, 4].map((holder) => acquire(`${round}/${holder}/lasting`)));
        assert.equal(lasting.filter(({ kind }) => kind === 'acquired').length, 1);
        const index = lasting.findIndex(({ kind }) => kind === 'acquired');
        await driver.warehouse.releaseChunk(sync, chunk.chunk, `${round}/${index + 1}/lasting`);
      }
    });

    it('runs out', async () => {
      await acquire('one', 20);
      await sleep(25);
      assert.equal((await acquire('two')).kind, 'acquired');
      assert.equal((await acquire('one')).kind, 'held');
    });

    it('that another took over lets the first neither finish nor give back', async () => {
      await acquire('one', 0);
      await acquire('two');
      await assert.rejects(finish('one'), FencedError);
      await driver.warehouse.releaseChunk(sync, chunk.chunk, 'one');
      assert.equal((await acquire('three')).kind, 'held');
    });

    it('that is given back can be taken at once', async () => {
      await acquire('one');
      await driver.warehouse.releaseChunk(sync, chunk.chunk, 'one');
      assert.equal((await acquire('two')).kind, 'acquired');
    });

    it('on a finished chunk says how it ended, and the chunk stays as it is', async () => {
      await acquire('one');
      await finish('one');
      await driver.warehouse.finishChunk(sync, chunk.chunk, 'one', { succeeded: 0, failed: 1, notSent: 0 }, streamOf([{ recordId: '1', outcome: 'failed', reason: 'late' }]));
      assert.deepEqual(await acquire('two'), { kind: 'finished', counts: { succeeded: 1, failed: 0, notSent: 0 } });
      const result = await driver.warehouse.settleSync(sync, null);
      assert.deepEqual([result.succeeded, result.failed, await bench().failures()], [1, 0, []]);
    });

    it('cannot be had of a chunk that was never registered', async () => {
      await assert.rejects(driver.warehouse.acquireChunk(sync, 99, 'one', minuteMs), FencedError);
    });

    it('leaves nothing behind when the outcomes break off', async () => {
      await acquire('one');
      const broken = (async function* () {
        yield { recordId: '1', outcome: 'failed', reason: 'half' } as const;
        throw new Error('the log is gone');
      })();
      await assert.rejects(driver.warehouse.finishChunk(sync, chunk.chunk, 'one', { succeeded: 0, failed: 1, notSent: 0 }, broken));
      await finish('one');
      assert.equal((await driver.warehouse.settleSync(sync, null)).succeeded, 1);
    });
  });

  describe('a fence', () => {
    beforeEach(openOneChunk);

    it('keeps the old epoch from being granted records, taking, renewing, finishing, abandoning, registering, diffing and settling', async () => {
      await acquire('one');
      const fenced = await driver.warehouse.fenceSync(sync);
      assert.equal(fenced.sync.epoch, sync.epoch + 1);
      await assert.rejects(driver.warehouse.takeGrant(sync, 1, 0), FencedError);
      await assert.rejects(acquire('one'), FencedError);
      await assert.rejects(finish('one'), FencedError);
      await assert.rejects(driver.warehouse.abandonChunk(sync, chunk.chunk, 'one', 'late'), FencedError);
      await assert.rejects(driver.warehouse.registerChunks(sync, [chunk]), FencedError);
      await assert.rejects(driver.diff(sync, 2), FencedError);
      await assert.rejects(driver.warehouse.settleSync(sync, null), FencedError);
    });

    it('tells what is unfinished and how long old leases still run', async () => {
      assert.deepEqual((await driver.warehouse.fenceSync(sync)).unfinished, [{ ...chunk, started: false }]);
      sync = (await driver.warehouse.fenceSync(sync)).sync;
      await acquire('one');
      const fenced = await driver.warehouse.fenceSync(sync);
      assert.deepEqual(fenced.unfinished, [{ ...chunk, started: true }]);
      assert(fenced.leaseRemainingMs > minuteMs - 10_000 && fenced.leaseRemainingMs <= minuteMs);
    });

    it('knows of every lease that was had before it, also of one that is asked for at the same time', async () => {
      for (let round = 0; round < 20; round++) {
        const [taken, fenced] = await Promise.all([acquire('one').catch((error: unknown) => error), driver.warehouse.fenceSync(sync)]);
        if (taken instanceof Error) assert(taken instanceof FencedError, String(taken));
        else assert(fenced.leaseRemainingMs > minuteMs - 10_000);
        sync = fenced.sync;
      }
    });

    it('says that nothing is left once all is finished or settled', async () => {
      await acquire('one');
      await finish('one');
      const fenced = await driver.warehouse.fenceSync(sync);
      assert.deepEqual([fenced.leaseRemainingMs, fenced.unfinished], [0, []]);
      await driver.warehouse.settleSync(fenced.sync, null);
      const afterwards = await driver.warehouse.fenceSync(fenced.sync);
      assert.deepEqual([afterwards.leaseRemainingMs, afterwards.unfinished], [0, []]);
    });

    it('leaves the records of an abandoned chunk in doubt', async () => {
      await acquire('one', 0);
      const fenced = await driver.warehouse.fenceSync(sync);
      await acquire('undertaker', minuteMs, fenced.sync);
      await driver.warehouse.abandonChunk(fenced.sync, chunk.chunk, 'undertaker', 'nobody knows');
      await driver.warehouse.abandonChunk(fenced.sync, chunk.chunk, 'undertaker', 'said twice');
      const result = await driver.warehouse.settleSync(fenced.sync, { kind: 'failed', message: 'it died' });
      assert.deepEqual([result.failed, result.processed], [1, 1]);
      assert.deepEqual((await bench().failures()).map(({ id, maybe, attempts }) => [id, maybe, attempts]), [['1', true, 0]]);
      await bench().run('delete from people');
      assert.deepEqual(sentBy(await driver.sync()), ['deleted 1']);
    });
  });

  describe('settling', () => {
    beforeEach(openOneChunk);

    it('is done once: the second call returns the same row, also under an older epoch', async () => {
      await acquire('one');
      await finish('one');
      const first = await driver.warehouse.settleSync(sync, null);
      assert.deepEqual(await driver.warehouse.settleSync(sync, { kind: 'failed', message: 'too late' }), first);
      assert.deepEqual(await driver.warehouse.settleSync({ ...sync, epoch: 0 }, null), first);
      assert.deepEqual(await driver.warehouse.history(sync.subscriptionId, 10), [first]);
    });

    it('ends what nobody may do any more with the sync', async () => {
      await acquire('one');
      await finish('one');
      await driver.warehouse.settleSync(sync, null);
      await assert.rejects(acquire('one'), FencedError);
      await assert.rejects(finish('one'), FencedError);
      await assert.rejects(driver.warehouse.registerChunks(sync, [chunk]), FencedError);
    });

    it('takes chunks that never started as not sent', async () => {
      const result = await driver.warehouse.settleSync(sync, { kind: 'canceled' });
      assert.deepEqual([result.status, result.notSent, result.processed], ['canceled', 1, 0]);
      assert.deepEqual(sentBy(await driver.sync()), ['new 1']);
    });

    it('and a lease that is asked for at the same time exclude each other', async () => {
      for (let round = 0; round < 10; round++) {
        const [taken, settled] = await Promise.allSettled([acquire('one'), driver.warehouse.settleSync(sync, { kind: 'failed', message: 'nobody takes it' })]);
        if (settled.status === 'fulfilled') {
          assert(taken.status === 'rejected' && taken.reason instanceof FencedError, `round ${round}: settled, and the lease was ${String(taken.status === 'rejected' ? taken.reason : 'had')}`);
        } else {
          assert(settled.reason instanceof OpenBooksError && taken.status === 'fulfilled', `round ${round}: ${String(settled.reason)}, and the lease was ${taken.status}`);
          await finish('one');
          await driver.warehouse.settleSync(sync, { kind: 'failed', message: 'nobody takes more' });
        }
        await bench().run(`update people set name = 'round ${round}'`);
        await openSync();
      }
    });

    it('is refused while a chunk is started and unfinished, because nobody knows what became of it', async () => {
      await acquire('one', 0);
      await assert.rejects(driver.warehouse.settleSync(sync, { kind: 'canceled' }), OpenBooksError);
    });

    it('is refused when the books do not close, and changes nothing', async () => {
      await acquire('one');
      await driver.warehouse.finishChunk(sync, chunk.chunk, 'one', { succeeded: 2, failed: 0, notSent: 0 }, streamOf([]));
      await assert.rejects(driver.warehouse.settleSync(sync, null), OpenBooksError);
      assert.deepEqual(await driver.warehouse.history(sync.subscriptionId, 10), []);
      assert.deepEqual(await bench().rows(`select * from ${bench().state('records_people_to_crm')}`), []);
    });
  });
}
