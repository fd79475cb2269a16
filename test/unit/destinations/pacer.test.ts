import assert from 'node:assert/strict';
import { createPacer, type Pacer, type PacerOptions, type RateOffice } from '../../../src/destinations/pacer.js';
import { Pause } from '../../../src/destinations/pause.js';
import { emptyRateState, RateBook } from '../../../src/domain/rate-book.js';

const never = new AbortController().signal;

/** A rate book in the same process, which counts how often it is asked. */
class Office implements RateOffice {
  readonly book = new RateBook(emptyRateState);
  asked = 0;
  isGone = false;
  #pausedUntilMs = 0;
  ask: RateOffice['ask'] = async (request) => {
    this.asked += 1;
    if (this.isGone) throw new Error('nobody answers');
    return this.book.ask(request, performance.now());
  };
  release: RateOffice['release'] = async (holder, recent) => this.book.release(holder, recent, performance.now());
  pause: RateOffice['pause'] = async (ms) => {
    this.#pausedUntilMs = this.book.pause(ms, performance.now());
  };
  pausedMs: RateOffice['pausedMs'] = async () => Math.max(0, this.#pausedUntilMs - performance.now());
}

describe('a pacer', () => {
  let office: Office;
  beforeEach(() => (office = new Office()));

  const pacerOf = (limit: PacerOptions['limit'], more: Partial<PacerOptions> = {}): Pacer =>
    createPacer({ limit, batchSize: 10, subscriptionId: 'people', holder: 'people/1', office, pause: new Pause(() => office.pausedMs()), ...more });

  /** Sends batches of ten one after the other, each taking `takesMs`, and notes when each began and ended. */
  const send = async (pacer: Pacer, batches: number, takesMs = 0): Promise<readonly { readonly fromMs: number; readonly toMs: number }[]> => {
    const sent = [];
    for (let batch = 0; batch < batches; batch++) {
      const turn = await pacer.turn(10, Infinity, never);
      assert.ok(turn.kind === 'go');
      const fromMs = performance.now();
      await new Promise((resolve) => setTimeout(resolve, takesMs));
      turn.end();
      sent.push({ fromMs, toMs: performance.now() });
    }
    return sent;
  };

  it('lets no more records arrive in any time than the rate allows, however many loads and workers share it, and asks seldom', async () => {
    const perMs = 200;
    const limit = { records: 40, perMs };
    const workers = ['people/1', 'people/2'].map((holder) => pacerOf(limit, { holder }));
    // Two loads on each of two workers.
    const sent = (await Promise.all([...workers, ...workers].map((pacer) => send(pacer, 12, 5)))).flat();
    for (const { fromMs } of sent) {
      const overlapping = sent.filter((other) => other.toMs >= fromMs && other.fromMs < fromMs + perMs - 1);
      // What was under way at the beginning may have arrived before.
      assert.ok(overlapping.filter((other) => other.fromMs >= fromMs).length * 10 <= limit.records, `${overlapping.length} batches within ${perMs} ms`);
    }
    assert.equal(sent.length, 48);
    assert.ok(office.asked < 20, `asked ${office.asked} times`);
  });

  it('answers with the wait instead of waiting longer than its load can bear', async () => {
    const pacer = pacerOf({ records: 10, perMs: 60_000 });
    await send(pacer, 1);
    const turn = await pacer.turn(10, 1_000, never);
    assert.ok(turn.kind === 'wait' && turn.ms > 59_000 && turn.ms <= 60_000);
  });

  it('ends a wait when the load is stopped', async () => {
    const pacer = pacerOf({ records: 10, perMs: 60_000 });
    await send(pacer, 1);
    await assert.rejects(async () => pacer.turn(10, Infinity, AbortSignal.timeout(10)), { name: 'AbortError' });
  });

  it('pauses everyone on the worker at once, and others as soon as they ask or look', async () => {
    const pause = new Pause(() => office.pausedMs());
    const [one, same] = [pacerOf(null, { pause }), pacerOf(null, { pause })];
    const elsewhere = { limited: pacerOf({ records: 10, perMs: 1_000 }, { holder: 'people/2' }), unlimited: pacerOf(null) };
    one.pause(60_000);
    const isPaused = async (pacer: Pacer): Promise<boolean> => (await pacer.turn(10, 0, never)).kind === 'wait';
    assert.deepEqual([await isPaused(same), await isPaused(elsewhere.limited), await isPaused(elsewhere.unlimited)], [true, true, false]);
    const stopWatching = elsewhere.unlimited.watch();
    await new Promise(setImmediate);
    stopWatching();
    assert.equal(await isPaused(elsewhere.unlimited), true);
  });

  it('waits while nobody answers', async () => {
    office.isGone = true;
    const pacer = pacerOf({ records: 10, perMs: 100 });
    assert.deepEqual(await pacer.turn(10, 0, never), { kind: 'wait', ms: 1_000 });
    office.isGone = false;
    await send(pacer, 1);
  });

  it('gives back what is left of a lease where others would wait long for it', async function () {
    this.timeout(6_000);
    await send(pacerOf({ records: 100, perMs: 60_000 }), 1);
    await new Promise((resolve) => setTimeout(resolve, 3_100));
    assert.deepEqual(Object.values(office.book.snapshot().holders).map(({ lease, tail }) => [lease, tail?.records]), [[null, 10]]);
  });

  it('without a limit never waits and never asks', async () => {
    await send(pacerOf(null), 1_000);
    assert.equal(office.asked, 0);
  });
});
