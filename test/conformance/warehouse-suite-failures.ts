import assert from 'node:assert/strict';
import { sentBy } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

export function failureLaws(bench: () => Bench): void {
  const list = async () => (await bench().failures()).map(({ id, operation, maybe, attempts, expired }) => [id, operation, maybe ? 'maybe' : 'no', attempts, ...(expired ? ['expired'] : [])]);
  const setName = (id: number, name: string) => bench().run(`update people set name = '${name}' where id = ${id}`);

  describe('a failed record', () => {
    beforeEach(() => bench().createPeople(2));

    it('is listed with its reason and sent again until it is taken', async () => {
      const driver = bench().driver();
      const first = await driver.sync({ fate: ({ __segment_id }) => (__segment_id === '2' ? 'refused' : 'taken') });
      assert.deepEqual([first.result.succeeded, first.result.failed, first.result.status], [1, 1, 'partially_succeeded']);
      assert.deepEqual(await list(), [['2', 'new', 'no', 1]]);
      const reasons = await bench().rows(`select reason as "reason" from ${bench().state('failures_people_to_crm')}`);
      assert.deepEqual(reasons, [{ reason: 'no such plan' }]);
      assert.deepEqual(sentBy(await driver.sync({ fate: () => 'refused' })), ['new 2']);
      assert.deepEqual(await list(), [['2', 'new', 'no', 2]]);
      assert.deepEqual(sentBy(await driver.sync()), ['new 2']);
      assert.deepEqual([await list(), sentBy(await driver.sync())], [[], []]);
    });

    it('is reported with the status code that the destination gave', async () => {
      const driver = bench().driver();
      await driver.sync({ fate: ({ __segment_id }) => (__segment_id === '1' ? 'refused' : 'lost_unanswered') });
      const { failures } = await driver.warehouse.failures('people_to_crm', 10);
      assert.deepEqual(failures.map(({ recordId, code, reason }) => [recordId, code, reason]).sort(), [['1', '422', 'no such plan'], ['2', null, 'no answer came']]);
    });

    it('is sent in its newest version', async () => {
      const driver = bench().driver();
      await driver.sync({ fate: () => 'refused' });
      await setName(1, 'newer');
      const { events } = await driver.sync();
      assert.deepEqual(events.map((event) => event.properties['name']).sort(), ['newer', 'person 2']);
    });

    it('that went back to what the destination has is off the list, unsent', async () => {
      const driver = bench().driver();
      await driver.sync();
      await setName(1, 'changed');
      await driver.sync({ fate: () => 'refused' });
      await setName(1, 'person 1');
      const { events, result } = await driver.sync();
      assert.deepEqual([sentBy({ events }), result.status, await list()], [[], 'succeeded', []]);
    });

    it('that vanished and was never taken is off the list, unsent', async () => {
      const driver = bench().driver();
      await driver.sync({ fate: () => 'refused' });
      await bench().run('delete from people where id = 1');
      assert.deepEqual(sentBy(await driver.sync()), ['new 2']);
      assert.deepEqual(await list(), []);
    });

    it('that vanished and was taken before is deleted', async () => {
      const driver = bench().driver();
      await driver.sync();
      await setName(1, 'changed');
      await driver.sync({ fate: () => 'refused' });
      await bench().run('delete from people where id = 1');
      assert.deepEqual(sentBy(await driver.sync()), ['deleted 1']);
      assert.deepEqual([await list(), sentBy(await driver.sync())], [[], []]);
    });

    it('whose deletion was refused and that came back unchanged is off the list, unsent', async () => {
      const driver = bench().driver();
      await driver.sync();
      await bench().run('delete from people where id = 1');
      await driver.sync({ fate: () => 'refused' });
      assert.deepEqual(await list(), [['1', 'deleted', 'no', 1]]);
      await bench().run(`insert into people values (1, 'person 1')`);
      assert.deepEqual([sentBy(await driver.sync()), await list()], [[], []]);
    });

    it('expires after five syncs that it failed in, and is sent again when the model differs', async () => {
      const driver = bench().driver();
      const refuse1 = { fate: ({ __segment_id }: { __segment_id: string }) => (__segment_id === '1' ? 'refused' : 'taken') } as const;
      for (let attempt = 1; attempt <= 5; attempt++) assert((sentBy(await driver.sync(refuse1))).includes('new 1'), `attempt ${attempt}`);
      assert.deepEqual(await list(), [['1', 'new', 'no', 5, 'expired']]);
      const quiet = await driver.sync();
      assert.deepEqual([sentBy(quiet), quiet.result.extracted.added], [[], 0]);
      assert.deepEqual(await list(), [['1', 'new', 'no', 5, 'expired']], 'still shown');
      await setName(1, 'newer');
      assert.deepEqual(sentBy(await driver.sync(refuse1)), ['new 1']);
      assert.deepEqual(sentBy(await driver.sync()), [], 'the newer version failed too');
      await setName(1, 'newest');
      assert.deepEqual([sentBy(await driver.sync()), await list()], [['new 1'], []]);
    });

    it('expires after fourteen days, however few syncs it failed in', async () => {
      const driver = bench().driver();
      const refuse1 = { fate: ({ __segment_id }: { __segment_id: string }) => (__segment_id === '1' ? 'refused' : 'taken') } as const;
      const age = (days: number) => bench().run(`update ${bench().state('failures_people_to_crm')} set first_failed_at = first_failed_at - interval '${days} days'`);
      await driver.sync(refuse1);
      await age(13);
      await driver.sync(refuse1);
      assert.deepEqual(await list(), [['1', 'new', 'no', 2]]);
      await age(2);
      await driver.sync(refuse1);
      assert.deepEqual(await list(), [['1', 'new', 'no', 3, 'expired']]);
      assert.deepEqual(sentBy(await driver.sync()), []);
    });

    it('that expired is sent again by the next sync once its expiry was forgotten, and has all its attempts before it', async () => {
      const driver = bench().driver();
      const refuse1 = { fate: ({ __segment_id }: { __segment_id: string }) => (__segment_id === '1' ? 'refused' : 'taken') } as const;
      for (let attempt = 1; attempt <= 5; attempt++) await driver.sync(refuse1);
      await bench().run(`update ${bench().state('failures_people_to_crm')} set first_failed_at = first_failed_at - interval '15 days'`);
      assert.equal(await driver.warehouse.retryFailures('people_to_crm'), 1);
      assert.deepEqual(sentBy(await driver.sync(refuse1)), ['new 1']);
      assert.deepEqual(await list(), [['1', 'new', 'no', 1]]);
      assert.deepEqual([sentBy(await driver.sync()), await list()], [['new 1'], []]);
    });

    it('that has not expired keeps its attempts when the expiry is forgotten', async () => {
      const driver = bench().driver();
      await driver.sync({ fate: () => 'refused' });
      assert.equal(await driver.warehouse.retryFailures('people_to_crm'), 0);
      assert.deepEqual(await list(), [['1', 'new', 'no', 1], ['2', 'new', 'no', 1]]);
    });

    it('expires as a deletion too, and comes back with the record', async () => {
      const driver = bench().driver();
      await driver.sync();
      await bench().run('delete from people where id = 1');
      for (let attempt = 1; attempt <= 5; attempt++) assert.deepEqual(sentBy(await driver.sync({ fate: () => 'refused' })), ['deleted 1']);
      assert.deepEqual([sentBy(await driver.sync()), await list()], [[], [['1', 'deleted', 'no', 5, 'expired']]]);
      await bench().run(`insert into people values (1, 'back')`);
      assert.deepEqual([sentBy(await driver.sync()), await list()], [['updated 1'], []]);
    });

    it('that expired and vanished without ever being taken is off the list', async () => {
      const driver = bench().driver();
      for (let attempt = 1; attempt <= 5; attempt++) await driver.sync({ fate: () => 'refused' });
      await bench().run('delete from people where id = 1');
      assert.deepEqual(sentBy(await driver.sync()), []);
      assert.deepEqual((await list()).map(([id]) => id), ['2']);
    });
  });

  describe('a record that was sent without an answer', () => {
    beforeEach(() => bench().createPeople(2));
    const lose1 = { fate: ({ __segment_id }: { __segment_id: string }) => (__segment_id === '1' ? 'lost_unanswered' : 'taken') } as const;

    it('counts as failed, but not as an attempt, and is sent again', async () => {
      const driver = bench().driver();
      const first = await driver.sync(lose1);
      assert.deepEqual([first.result.succeeded, first.result.failed, first.result.notSent], [1, 1, 0]);
      assert.deepEqual(await list(), [['1', 'new', 'maybe', 0]]);
      for (let round = 0; round < 6; round++) assert.deepEqual(sentBy(await driver.sync(lose1)), ['new 1']);
      assert.deepEqual(await list(), [['1', 'new', 'maybe', 0]], 'outages do not make it expire');
      assert.deepEqual([sentBy(await driver.sync()), await list(), sentBy(await driver.sync())], [['new 1'], [], []]);
    });

    it('is told apart from a refusal in the report of its sync and in the history', async () => {
      const driver = bench().driver();
      const { result } = await driver.sync({ fate: ({ __segment_id }) => (__segment_id === '1' ? 'lost_unanswered' : 'refused') });
      assert.deepEqual([result.failed, result.ambiguous], [2, 1]);
      const second = await driver.sync({ fate: () => 'refused' });
      assert.deepEqual([second.result.failed, second.result.ambiguous], [2, 0]);
      assert.deepEqual((await driver.warehouse.history('people_to_crm', 10)).map(({ ambiguous }) => ambiguous), [0, 1]);
    });

    it('is sent again after it went back to its old value', async () => {
      const driver = bench().driver();
      await driver.sync();
      await setName(1, 'changed');
      await driver.sync(lose1);
      await setName(1, 'person 1');
      const { events } = await driver.sync();
      assert.deepEqual(events.map(({ event, properties }) => [event, properties['name']]), [['updated', 'person 1']]);
      assert.deepEqual([await list(), sentBy(await driver.sync())], [[], []]);
    });

    it('is sent as deleted after it vanished, though it was never acknowledged, with every column null', async () => {
      const driver = bench().driver();
      await driver.sync(lose1);
      await bench().run('delete from people where id = 1');
      const { events } = await driver.sync();
      assert.deepEqual(events.map(({ event, __segment_id, properties }) => [event, __segment_id, properties]), [['deleted', '1', { id: null, name: null }]]);
      assert.deepEqual([await list(), sentBy(await driver.sync())], [[], []]);
    });

    it('is sent as deleted until that is answered', async () => {
      const driver = bench().driver();
      await driver.sync(lose1);
      await bench().run('delete from people where id = 1');
      assert.deepEqual(sentBy(await driver.sync({ fate: () => 'refused' })), ['deleted 1']);
      assert.deepEqual(sentBy(await driver.sync({ fate: () => 'not_sent' })), ['deleted 1']);
      assert.deepEqual(await list(), [['1', 'deleted', 'maybe', 1]]);
      assert.deepEqual([sentBy(await driver.sync()), await list(), sentBy(await driver.sync())], [['deleted 1'], [], []]);
    });

    it('is given up as a deletion too when that was refused often enough, and comes back with the record', async () => {
      const driver = bench().driver();
      await driver.sync(lose1);
      await bench().run('delete from people where id = 1');
      for (let attempt = 1; attempt <= 5; attempt++) assert.deepEqual(sentBy(await driver.sync({ fate: () => 'refused' })), ['deleted 1'], `attempt ${attempt}`);
      assert.deepEqual([sentBy(await driver.sync()), await list()], [[], [['1', 'deleted', 'maybe', 5, 'expired']]]);
      await bench().run(`insert into people values (1, 'back')`);
      assert.deepEqual([sentBy(await driver.sync()), await list()], [['new 1'], []]);
    });

    it('is sent again when its deletion was unanswered and it came back unchanged', async () => {
      const driver = bench().driver();
      await driver.sync();
      await bench().run('delete from people where id = 1');
      await driver.sync(lose1);
      await bench().run(`insert into people values (1, 'person 1')`);
      assert.deepEqual(sentBy(await driver.sync()), ['updated 1']);
      assert.deepEqual([await list(), sentBy(await driver.sync())], [[], []]);
    });

    it('stays in doubt when a later version is refused', async () => {
      const driver = bench().driver();
      await driver.sync();
      await setName(1, 'changed');
      await driver.sync(lose1);
      await driver.sync({ fate: () => 'refused' });
      await setName(1, 'person 1');
      assert.deepEqual(sentBy(await driver.sync()), ['updated 1']);
    });
  });

  describe('a record that was not sent', () => {
    it('is no failure and is found again', async () => {
      await bench().createPeople(2);
      const driver = bench().driver();
      const { result } = await driver.sync({ fate: () => 'not_sent', end: { kind: 'failed', message: 'the destination is down' } });
      assert.deepEqual([result.processed, result.notSent, result.status, result.error], [0, 2, 'failed', 'the destination is down']);
      assert.deepEqual([await list(), sentBy(await driver.sync())], [[], ['new 1', 'new 2']]);
    });

    it('stays on the list of failures where it was', async () => {
      await bench().createPeople(1);
      const driver = bench().driver();
      await driver.sync({ fate: () => 'refused' });
      await driver.sync({ fate: () => 'not_sent', end: { kind: 'canceled' } });
      assert.deepEqual(await list(), [['1', 'new', 'no', 1]]);
    });
  });
}
