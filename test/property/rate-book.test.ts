import assert from 'node:assert/strict';
import fc from 'fast-check';
import { leaseMs, RateBook, emptyRateState, type RateLimit } from '../../src/domain/rate-book.js';

/** A sync on a worker that keeps exactly to what it is told, and uses all of it. */
class Sender {
  /** What it sent, and when. */
  readonly sent: { readonly atMs: number; readonly records: number }[] = [];
  lease = { records: 0, untilMs: 0 };
  askAtMs: number;
  isDead = false;

  constructor(
    readonly name: string,
    readonly subscriptionId: string,
    readonly batch: number,
    readonly limit: RateLimit,
    readonly fromMs: number,
    readonly toMs: number,
  ) {
    this.askAtMs = fromMs;
  }

  recent(nowMs: number): number {
    return this.sent.filter(({ atMs }) => atMs > nowMs - this.limit.perMs).reduce((sum, { records }) => sum + records, 0);
  }

  /** `hunger`: in [0, 1], how much of what it may ask for it does. */
  act(book: RateBook, nowMs: number, hunger: number): void {
    if (this.isDead || nowMs < this.fromMs || nowMs >= this.toMs) return;
    if (this.lease.untilMs <= nowMs && nowMs >= this.askAtMs) {
      const most = Math.max(this.batch, Math.ceil(hunger * this.limit.records));
      const answer = book.ask({ holder: this.name, subscriptionId: this.subscriptionId, limit: this.limit, least: this.batch, most, recent: this.recent(nowMs) }, nowMs);
      if (answer.kind === 'leased') this.lease = { records: answer.records, untilMs: nowMs + answer.lastsMs };
      else this.askAtMs = nowMs + answer.ms;
    }
    while (this.lease.untilMs > nowMs && this.recent(nowMs) + this.batch <= this.lease.records) this.sent.push({ atMs: nowMs, records: this.batch });
  }
}

interface World {
  readonly limit: RateLimit;
  readonly senders: readonly { readonly sync: number; readonly batch: number; readonly fromMs: number; readonly lastsMs: number; readonly diesMs: number | null; readonly hunger: number }[];
  readonly pauses: readonly { readonly atMs: number; readonly ms: number }[];
}

const stepMs = 100;
const lifeMs = 60_000;

const worlds: fc.Arbitrary<World> = fc
  .record({ records: fc.integer({ min: 1, max: 60 }), perMs: fc.constantFrom(500, 1_000, 4_000, 20_000) })
  .chain((limit) =>
    fc.record({
      limit: fc.constant(limit),
      senders: fc.array(
        fc.record({
          sync: fc.nat(3),
          batch: fc.integer({ min: 1, max: limit.records }),
          fromMs: fc.nat(20_000),
          lastsMs: fc.integer({ min: 5_000, max: lifeMs }),
          diesMs: fc.option(fc.nat(lifeMs), { freq: 4 }),
          hunger: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        { minLength: 1, maxLength: 6 },
      ),
      pauses: fc.array(fc.record({ atMs: fc.nat(lifeMs / stepMs).map((step) => step * stepMs), ms: fc.integer({ min: 1, max: 15_000 }) }), { maxLength: 2 }),
    }),
  );

/** Lives a world in steps of 0.1 s; some workers die without a word, the others give back what they have left. */
function live({ limit, senders, pauses }: World): readonly Sender[] {
  let book = new RateBook(emptyRateState);
  const all = senders.map(({ sync, batch, fromMs, lastsMs }, index) => new Sender(`${index}`, `sync_${sync}`, batch, limit, fromMs, fromMs + lastsMs));
  for (let now = 0; now < lifeMs; now += stepMs) {
    for (const { atMs, ms } of pauses) if (atMs === now) book.pause(ms, now);
    for (const [index, sender] of all.entries()) {
      const { diesMs, hunger } = senders[index] ?? { diesMs: null, hunger: 1 };
      if (diesMs !== null && diesMs <= now) sender.isDead = true;
      sender.act(book, now, hunger);
      if (!sender.isDead && sender.toMs <= now && sender.toMs > now - stepMs) book.release(sender.name, sender.recent(now), now);
    }
    // Continuing as new changes nothing.
    book = new RateBook(JSON.parse(JSON.stringify(book.snapshot())) as typeof emptyRateState);
  }
  return all;
}

const runs = { numRuns: Number(process.env['SLUICE_RUNS'] ?? 150) };

describe('a destination\'s rate', () => {
  it('is never passed by all senders together, in any time, whoever comes, goes or dies', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const sent = live(world).flatMap((sender) => sender.sent).sort((one, other) => one.atMs - other.atMs);
        for (const [first, { atMs }] of sent.entries()) {
          const within = sent.slice(first).filter((sending) => sending.atMs < atMs + world.limit.perMs);
          const records = within.reduce((sum, sending) => sum + sending.records, 0);
          assert.ok(records <= world.limit.records, `${records} records from ${atMs} ms on`);
        }
      }),
      runs,
    );
  });

  it('is leased to nobody while the destination wants a pause, and what is leased runs out within seconds', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const sent = live(world).flatMap((sender) => sender.sent);
        for (const { atMs, ms } of world.pauses) {
          const deaf = sent.filter((sending) => sending.atMs >= atMs + leaseMs && sending.atMs < atMs + ms);
          assert.deepEqual(deaf, []);
        }
      }),
      runs,
    );
  });

  it('comes to everyone in turn, also where each batch takes all of it', () => {
    const crowds = fc.record({ count: fc.integer({ min: 2, max: 4 }), perMs: fc.constantFrom(500, 1_000), hunger: fc.double({ min: 0, max: 1, noNaN: true }), diesMs: fc.nat(lifeMs) });
    fc.assert(
      fc.property(crowds, ({ count, perMs, hunger, diesMs }) => {
        const person = { batch: 10, lastsMs: lifeMs, hunger };
        const living = Array.from({ length: count }, (_, sync) => ({ ...person, sync, fromMs: sync * 700, diesMs: null }));
        const senders = live({ limit: { records: 10, perMs }, senders: [{ ...person, sync: 0, fromMs: 0, diesMs }, ...living], pauses: [] });
        // Each of the others has a lease, and its records count for a while; the one that died is waited for.
        const roundMs = (count + 1) * (leaseMs + perMs + 5 * stepMs) + 10_000;
        for (const { fromMs, sent } of senders.slice(1)) {
          const turns = [fromMs, ...sent.map(({ atMs }) => atMs), lifeMs];
          for (const [turn, atMs] of turns.entries()) assert.ok((turns[turn + 1] ?? atMs) - atMs <= roundMs, `someone waits from ${atMs} ms on`);
        }
      }),
      runs,
    );
  });

  it('is shared equally by syncs, however many workers each has', () => {
    const limit = { records: 100, perMs: 1_000 };
    const sender = (sync: number) => ({ sync, batch: 5, fromMs: 0, lastsMs: lifeMs, diesMs: null, hunger: 1 });
    const [one, ...others] = live({ limit, senders: [sender(1), sender(2), sender(2), sender(2)], pauses: [] }).map(({ sent }) => sent.reduce((sum, { records }) => sum + records, 0));
    const two = others.reduce((sum, records) => sum + records, 0);
    assert.ok(one !== undefined && Math.abs(one - two) < 0.15 * (one + two), `${one ?? 0} records of one sync, ${two} of the other`);
    assert.ok((one + two) / ((lifeMs / limit.perMs) * limit.records) > 0.75, `${one + two} records in all`);
  });

  it('goes to those who can use it', () => {
    const limit = { records: 100, perMs: 1_000 };
    const sender = (sync: number, hunger: number) => ({ sync, batch: 5, fromMs: 0, lastsMs: lifeMs, diesMs: null, hunger });
    const [modest = 0, hungry = 0] = live({ limit, senders: [sender(1, 0.1), sender(2, 1)], pauses: [] }).map(({ sent }) => sent.reduce((sum, { records }) => sum + records, 0));
    const possible = (lifeMs / limit.perMs) * limit.records;
    assert.ok(modest > 0.08 * possible && hungry > 0.75 * possible, `${modest} and ${hungry} of ${possible} records`);
  });
});
