import assert from 'node:assert/strict';
import type { BatchOutcome, DeliverOptions } from '../../../src/destinations/deliver.js';
import type { DeliveryAnswer } from '../../../src/destinations/destination.js';
import { createPacer } from '../../../src/destinations/pacer.js';
import { Pause } from '../../../src/destinations/pause.js';
import { busy, delivered, Deliveries, giveUpAfterMs, kindsOf, unanswered } from '../../support/deliveries.js';

describe('delivering a batch to a destination that asks for a pause', () => {
  let deliveries: Deliveries;
  const deliver: Deliveries['deliver'] = (...args) => deliveries.deliver(...args);
  beforeEach(() => (deliveries = new Deliveries()));

  const paced = (): Pick<DeliverOptions, 'pacing'> => {
    const office = { ask: () => Promise.reject(new Error('there is no limit')), release: () => Promise.resolve(), pause: () => Promise.resolve(), pausedMs: () => Promise.resolve(0) };
    const pause = new Pause(office.pausedMs, deliveries.clock);
    const pacer = createPacer({ limit: null, batchSize: 500, subscriptionId: 'people', holder: 'people', office, pause, clock: deliveries.clock });
    return { pacing: { pacer, patienceMs: 10_000, signal: deliveries.cancel.signal } };
  };
  const busyFor = (ms: number): DeliveryAnswer => ({ kind: 'unavailable', sent: false, retryAfterMs: ms, reason: 'busy' });

  it('waits for a short one where it is', async () => {
    const outcome = await deliver(2, (_, attempt) => (attempt === 1 ? busyFor(9_000) : delivered), paced());
    assert.deepEqual([kindsOf(outcome), outcome.stop, deliveries.clock.waits], [['succeeded', 'succeeded'], null, [9_000]]);
  });

  it('leaves off where that leaves nothing half done, and otherwise waits', async () => {
    // The first half is taken, then the second put off: what has ended is the beginning of the batch.
    const inOrder = await deliver(4, (ids) => (ids.length === 4 ? { kind: 'refused', reason: 'too many' } : ids.includes('0') ? delivered : busyFor(20_000)), paced());
    assert.deepEqual(inOrder.stop, { kind: 'later', reason: 'it asked for a pause', waitMs: 20_000, settled: 2, silentMs: 0 });
    // The last record is taken before the first: leaving off would send it again.
    let busyOnce = true;
    const outOfOrder = await deliver(2, (ids) => {
      if (ids.length === 2) return { kind: 'answered', records: [{ kind: 'retry', reason: 'later' }, { kind: 'delivered' }] };
      if (!busyOnce) return delivered;
      busyOnce = false;
      return busyFor(20_000);
    }, paced());
    assert.deepEqual([kindsOf(outOfOrder), outOfOrder.stop], [['succeeded', 'succeeded'], null]);
    // An answer was lost: leaving off would forget that the record may have arrived.
    const lost = await deliver(1, () => (deliveries.clock.ms < 40_000 ? { kind: 'unavailable', sent: true, retryAfterMs: 20_000, reason: 'no answer' } : delivered), paced());
    assert.deepEqual([kindsOf(lost), lost.stop], [['succeeded'], null]);
  });

  it('waits no longer once its load is told to stop, though an attempt under way would get some time to end', async () => {
    const load = new AbortController();
    const stopped = (answer: DeliveryAnswer): Promise<BatchOutcome> => {
      const { pacing } = paced();
      assert(pacing !== undefined);
      return deliver(2, () => {
        load.abort();
        return answer;
      }, { pacing: { ...pacing, signal: load.signal } });
    };
    for (const answer of [busy, busyFor(9_000), unanswered]) {
      const outcome = await stopped(answer);
      const end: 'ambiguous' | 'not_sent' = answer === unanswered ? 'ambiguous' : 'not_sent';
      assert.deepEqual([kindsOf(outcome), outcome.stop?.kind, deliveries.attempts.splice(0).length], [[end, end], 'canceled', 1]);
    }
  });

  it('gives up in time though it left off in between', async () => {
    const first = await deliver(1, () => busyFor(20_000), paced());
    assert.deepEqual([first.stop?.kind, kindsOf(first)], ['later', ['not_sent']]);
    const later = await deliver(1, () => busyFor(20_000), { ...paced(), silentMs: giveUpAfterMs - 10_000 });
    assert.equal(later.stop?.kind, 'gave_up');
  });
});
