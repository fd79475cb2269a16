import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { DeliveryAnswer, RecordAnswer } from '../../../src/destinations/destination.js';
import { busy, delivered, Deliveries, giveUpAfterMs, kindsOf, unanswered } from '../../support/deliveries.js';

describe('delivering a batch', () => {
  let deliveries: Deliveries;
  const deliver: Deliveries['deliver'] = (...args) => deliveries.deliver(...args);
  beforeEach(() => (deliveries = new Deliveries()));

  const refuseOver = (bad: ReadonlySet<string>) => (ids: string[]): DeliveryAnswer => (ids.some((id) => bad.has(id)) ? { kind: 'refused', reason: `bad: ${ids.length}` } : delivered);

  it('takes one attempt when the destination takes it', async () => {
    const outcome = await deliver(3, () => delivered);
    assert.deepEqual(outcome, { records: [{ kind: 'succeeded' }, { kind: 'succeeded' }, { kind: 'succeeded' }], stop: null });
    assert.deepEqual(deliveries.attempts, [['0', '1', '2']]);
  });

  it('takes none for an empty batch', async () => {
    assert.deepEqual(await deliver(0, () => delivered), { records: [], stop: null });
    assert.deepEqual(deliveries.attempts, []);
  });

  describe('that the destination refuses', () => {
    it('fails exactly the bad records, whichever they are, and sends each good one once', async () => {
      const cases = fc.asyncProperty(fc.integer({ min: 1, max: 80 }), fc.array(fc.nat(79), { maxLength: 12 }), async (count, badIndexes) => {
        const bad = new Set(badIndexes.map(String));
        const taken: string[] = [];
        const outcome = await deliver(count, (ids) => {
          const answer = refuseOver(bad)(ids);
          if (answer.kind === 'delivered') taken.push(...ids);
          return answer;
        });
        assert.equal(outcome.stop, null);
        outcome.records.forEach((end, index) => assert.deepEqual(end, bad.has(String(index)) ? { kind: 'failed', reason: 'bad: 1' } : { kind: 'succeeded' }));
        assert.deepEqual(taken, Array.from({ length: count }, (_, index) => String(index)).filter((id) => !bad.has(id)));
      });
      await fc.assert(cases, { numRuns: 300 });
    });

    it('finds one bad record among 500 in 2·log2(500) requests', async () => {
      const outcome = await deliver(500, refuseOver(new Set(['317'])));
      assert.deepEqual(outcome.records.flatMap((end, index) => (end.kind === 'failed' ? [index] : [])), [317]);
      assert(deliveries.attempts.length <= 19, String(deliveries.attempts.length));
      assert.deepEqual(deliveries.clock.waits, []);
    });
  });

  describe('that the destination does not take for now', () => {
    it('goes again after waits that grow to 30 s at most', async () => {
      const retries = 12;
      deliveries.clock.sleep = (ms) => Promise.resolve(void deliveries.clock.waits.push(ms));
      const outcome = await deliver(2, (_, attempt) => (attempt <= retries ? busy : delivered));
      assert.deepEqual(kindsOf(outcome), ['succeeded', 'succeeded']);
      const expected = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000];
      assert.deepEqual(deliveries.clock.waits.map((ms) => Math.round(ms / deliveries.clock.luck)), expected);
    });

    it('spreads the waits over the whole range', async () => {
      deliveries.clock.luck = 0;
      await deliver(1, (_, attempt) => (attempt <= 3 ? busy : delivered));
      assert.deepEqual(deliveries.clock.waits, [0, 0, 0]);
    });

    it('waits at least as long as it is asked to', async () => {
      await deliver(1, (_, attempt) => (attempt === 1 ? { ...busy, retryAfterMs: 17_000 } : delivered));
      assert.deepEqual(deliveries.clock.waits, [17_000]);
    });

    it('is not sent when giveUpAfter has passed, with a last attempt right then', async () => {
      const outcome = await deliver(2, () => busy);
      assert.equal(deliveries.clock.ms, giveUpAfterMs);
      assert.deepEqual(kindsOf(outcome), ['not_sent', 'not_sent']);
      assert(outcome.stop?.kind === 'gave_up' && outcome.stop.reason.includes('busy'));
    });

    it('ends at once when it is asked to wait for longer than giveUpAfter', async () => {
      const outcome = await deliver(1, () => ({ ...busy, retryAfterMs: 3_600_000 }));
      assert.equal(deliveries.attempts.length, 1);
      assert(outcome.stop?.kind === 'gave_up' && outcome.stop.reason.includes('3600 s'));
    });

    it('counts the time from the last record that was settled', async () => {
      let asked = 0;
      const outcome = await deliver(4, (ids) => {
        if (ids.length > 1) return { kind: 'refused', reason: 'one at a time' };
        if (asked++ % 2 === 1) return delivered;
        deliveries.clock.ms += giveUpAfterMs - 1_000;
        return busy;
      });
      assert.deepEqual(kindsOf(outcome), ['succeeded', 'succeeded', 'succeeded', 'succeeded']);
      assert(deliveries.clock.ms > 3 * giveUpAfterMs);
    });
  });

  describe('whose answer was lost', () => {
    it('is sent again, and is fine when that is answered', async () => {
      const outcome = await deliver(2, (_, attempt) => (attempt === 1 ? unanswered : delivered));
      assert.deepEqual(kindsOf(outcome), ['succeeded', 'succeeded']);
      assert.deepEqual(deliveries.attempts, [['0', '1'], ['0', '1']]);
    });

    it('stays ambiguous when later attempts do not even arrive', async () => {
      const outcome = await deliver(1, (_, attempt) => (attempt === 1 ? unanswered : busy));
      assert.deepEqual(kindsOf(outcome), ['ambiguous']);
      assert.equal(outcome.stop?.kind, 'gave_up');
    });

    it('leaves only those records ambiguous that it held', async () => {
      const outcome = await deliver(4, (ids) => (ids.length === 4 ? { kind: 'refused', reason: 'too many' } : ids[0] === '0' ? unanswered : busy));
      assert.deepEqual(kindsOf(outcome), ['ambiguous', 'ambiguous', 'not_sent', 'not_sent']);
    });
  });

  describe('of which single records are never answered for', () => {
    const timeoutMs = 1_000;
    const silentFor = (poison: ReadonlySet<string>, silence: DeliveryAnswer, taken: string[] = []) => (ids: string[]): DeliveryAnswer => {
      deliveries.clock.ms += timeoutMs;
      if (ids.some((id) => poison.has(id))) return silence;
      taken.push(...ids);
      return delivered;
    };

    it('is split until they stand alone: the others are taken once, and they are ambiguous', async () => {
      const cases = fc.asyncProperty(fc.integer({ min: 2, max: 80 }), fc.array(fc.nat(79), { maxLength: 3 }), async (count, indexes) => {
        const poison = new Set(indexes.map((index) => String(index % count)));
        fc.pre(poison.size < count);
        const taken: string[] = [];
        const outcome = await deliver(count, silentFor(poison, unanswered, taken));
        assert.equal(outcome.stop, null);
        outcome.records.forEach((end, index) => assert.equal(end.kind, poison.has(String(index)) ? 'ambiguous' : 'succeeded'));
        assert.deepEqual(taken.sort((one, other) => Number(one) - Number(other)), Array.from({ length: count }, (_, index) => String(index)).filter((id) => !poison.has(id)));
      });
      await fc.assert(cases, { numRuns: 100 });
    });

    it('finds one among 500 in 2·log2(500) requests after the batch was repeated as a whole, wherever it stands, and is never silent for long', async () => {
      for (const id of ['0', '317', '499']) {
        deliveries = new Deliveries();
        let longestMs = 0;
        let takenAtMs = 0;
        const answer = silentFor(new Set([id]), unanswered);
        const outcome = await deliver(500, (ids) => {
          const answered = answer(ids);
          longestMs = Math.max(longestMs, deliveries.clock.ms - takenAtMs);
          if (answered.kind === 'delivered') takenAtMs = deliveries.clock.ms;
          return answered;
        });
        assert.deepEqual(outcome.records.flatMap((end, index) => (end.kind === 'succeeded' ? [] : [String(index)])), [id]);
        assert.match(JSON.stringify(outcome.records[Number(id)]), /no answer, though it took other records of the batch/);
        assert(deliveries.attempts.length <= 21, String(deliveries.attempts.length));
        assert(longestMs < 6 * timeoutMs, `${longestMs} ms`);
      }
    });

    it('fails them where the destination broke down over them, in its own status', async () => {
      const outcome = await deliver(8, silentFor(new Set(['5']), { ...busy, code: '500' }));
      assert.deepEqual(kindsOf(outcome).indexOf('failed'), 5);
      assert.deepEqual(outcome.records[5], { kind: 'failed', reason: 'busy, though it took other records of the batch', code: '500' });
      assert.deepEqual([kindsOf(outcome).filter((kind) => kind === 'succeeded').length, outcome.stop], [7, null]);
    });

    it('is an outage where none is: it is asked no more often than one that refuses connections, and the sync ends', async () => {
      for (const silence of [unanswered, { ...busy, code: '500' }]) {
        const asked = async (answer: DeliveryAnswer): Promise<number> => {
          deliveries = new Deliveries();
          const outcome = await deliver(100, () => {
            deliveries.clock.ms += timeoutMs;
            return answer;
          });
          assert.equal(outcome.stop?.kind, 'gave_up');
          assert.deepEqual(new Set(kindsOf(outcome)), new Set([answer === unanswered ? 'ambiguous' : 'not_sent']));
          return deliveries.attempts.length;
        };
        assert.equal(await asked(silence), await asked(busy));
      }
    });

    it('ends what is left of it once nothing got through for giveUpAfter, and says so of each', async () => {
      const poison = new Set(['4', '5', '6', '7']);
      const outcome = await deliver(8, silentFor(poison, unanswered));
      assert.deepEqual([kindsOf(outcome), outcome.stop], [Array.from({ length: 8 }, (_, index) => (index < 4 ? 'succeeded' : 'ambiguous')), null]);
      assert(deliveries.clock.ms > giveUpAfterMs);
    });

    it('is one record that is tried for giveUpAfter, as any outage', async () => {
      const outcome = await deliver(1, silentFor(new Set(['0']), unanswered));
      assert.deepEqual([kindsOf(outcome), outcome.stop?.kind], [['ambiguous'], 'gave_up']);
    });
  });

  describe('that is answered record by record', () => {
    const answers = (ids: string[], answer: (id: string) => RecordAnswer): DeliveryAnswer => ({ kind: 'answered', records: ids.map(answer) });
    const again: RecordAnswer = { kind: 'retry', reason: 'later' };

    it('sends only those again that are to be sent again', async () => {
      const outcome = await deliver(4, (ids, attempt) => answers(ids, (id) => (id === '1' ? { kind: 'failed', reason: 'no plan' } : id === '3' && attempt < 3 ? again : delivered)));
      assert.deepEqual(deliveries.attempts, [['0', '1', '2', '3'], ['3'], ['3']]);
      assert.deepEqual(outcome.records, [{ kind: 'succeeded' }, { kind: 'failed', reason: 'no plan' }, { kind: 'succeeded' }, { kind: 'succeeded' }]);
    });

    it('fails those that are put off for giveUpAfter while others are taken, and goes on', async () => {
      const outcome = await deliver(2, (ids) => answers(ids, (id) => (id === '1' ? again : delivered)));
      assert.deepEqual(outcome, { records: [{ kind: 'succeeded' }, { kind: 'failed', reason: 'later' }], stop: null });
    });

    it('is an outage when all are put off for giveUpAfter, whose reason quotes no record', async () => {
      const outcome = await deliver(2, (ids) => answers(ids, () => ({ kind: 'retry', reason: 'quoted' })));
      assert.deepEqual(kindsOf(outcome), ['not_sent', 'not_sent']);
      assert(outcome.stop?.kind === 'gave_up' && !outcome.stop.reason.includes('quoted'));
    });

    it('sends those again that too short an answer leaves out', async () => {
      const outcome = await deliver(3, (ids) => ({ kind: 'answered', records: ids.slice(0, 1).map(() => delivered as RecordAnswer) }));
      assert.deepEqual(kindsOf(outcome), ['succeeded', 'succeeded', 'succeeded']);
      assert.deepEqual(deliveries.attempts.map((ids) => ids.length), [3, 2, 1]);
    });
  });

  it('stops when the credentials are refused, and keeps what was taken before', async () => {
    const outcome = await deliver(4, (ids, attempt) => (attempt === 1 ? { kind: 'refused', reason: 'too many' } : ids[0] === '0' ? delivered : { kind: 'unauthorized', reason: 'who are you?' }));
    assert.deepEqual(kindsOf(outcome), ['succeeded', 'succeeded', 'not_sent', 'not_sent']);
    assert.deepEqual(outcome.stop, { kind: 'unauthorized', reason: 'who are you?' });
  });

  describe('that is canceled', () => {
    it('before its first attempt is not sent', async () => {
      deliveries.cancel.abort();
      const outcome = await deliver(1, () => delivered);
      assert.deepEqual([kindsOf(outcome), outcome.stop?.kind, deliveries.attempts.length], [['not_sent'], 'canceled', 0]);
    });

    it('in the middle of an attempt is ambiguous', async () => {
      const outcome = await deliver(1, () => {
        deliveries.cancel.abort();
        throw new Error('aborted');
      });
      assert.deepEqual([kindsOf(outcome), outcome.stop?.kind], [['ambiguous'], 'canceled']);
    });

    it('in a wait ends without another attempt', async () => {
      const outcome = await deliver(1, () => {
        deliveries.cancel.abort();
        return busy;
      });
      assert.deepEqual([kindsOf(outcome), outcome.stop?.kind, deliveries.attempts.length], [['not_sent'], 'canceled', 1]);
    });
  });

  it('asks for leave before each attempt, with the time it may take, and sends nothing without it', async () => {
    const asked: number[] = [];
    const beforeAttempt = (ms: number) => {
      asked.push(ms);
      return asked.length === 3 ? Promise.reject(new Error('fenced off')) : Promise.resolve();
    };
    await assert.rejects(deliver(1, () => busy, { beforeAttempt }), /fenced off/);
    assert.deepEqual([asked, deliveries.attempts.length], [[1_000, 1_000, 1_000], 2]);
  });

  it('lets a defect through', async () => {
    await assert.rejects(deliver(2, (_, attempt) => {
      if (attempt === 2) throw new TypeError('a defect');
      return busy;
    }), TypeError);
  });
});
