import assert from 'node:assert/strict';
import { usageText, usageView } from '../../../src/contract/usage-view.js';
import { QuotaLedger, type QuotaEffect } from '../../../src/domain/quota-ledger.js';
import type { QuotaTerms } from '../../../src/domain/quota-state.js';

const startMs = Date.parse('2026-03-04T00:00:00Z');
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const terms = (records: number): QuotaTerms => ({ plan: { kind: 'custom', records }, billingCycleDay: 1, countFailed: true });

/** A ledger with syncs that ask, send all that they are granted, and end. */
class Desk {
  readonly ledger: QuotaLedger;
  private readonly numbers = new Map<string, number>();
  constructor(records: number, readonly nowMs = startMs) {
    this.ledger = QuotaLedger.found(terms(records), nowMs, [], []);
  }

  reserve(subscriptionId: string, wanted: number, nowMs = this.nowMs): number {
    const number = (this.numbers.get(subscriptionId) ?? 0) + 1;
    this.numbers.set(subscriptionId, number);
    const effects = this.ledger.reserve({ subscriptionId, source: 'warehouse', destination: 'crm', number, wanted }, nowMs);
    const grant = effects.find((effect) => effect.kind === 'grant');
    assert(grant !== undefined && effects.at(-1) === grant, 'the grant comes last');
    return grant.records;
  }

  settle(subscriptionId: string, succeeded: number, day = '2026-03-04', nowMs = this.nowMs): readonly QuotaEffect[] {
    const number = this.numbers.get(subscriptionId) ?? 1;
    return this.ledger.report({ subscriptionId, source: 'warehouse', destination: 'crm', number, usage: { [day]: { succeeded, failed: 0 } }, final: true }, nowMs);
  }

  sync(subscriptionId: string, wanted: number): readonly QuotaEffect[] {
    return this.settle(subscriptionId, this.reserve(subscriptionId, wanted));
  }
}

const resumed = (effects: readonly QuotaEffect[]) => effects.flatMap((effect) => (effect.kind === 'resume' ? [[effect.subscriptionId, effect.delayMs]] : []));

describe('a quota ledger\'s answers', () => {
  it('are all, some and none, and the same again for the same sync', () => {
    const desk = new Desk(100);
    assert.deepEqual([desk.reserve('a', 60), desk.reserve('b', 60), desk.reserve('c', 60)], [60, 40, 0]);
    const again = desk.ledger.reserve({ subscriptionId: 'b', source: 'warehouse', destination: 'crm', number: 1, wanted: 60 }, startMs);
    assert.deepEqual(again, [{ kind: 'grant', subscriptionId: 'b', number: 1, records: 40 }]);
  });

  it('wake the cut off at the turn of the cycle: who used least first, and the others some seconds after each other', () => {
    const desk = new Desk(100);
    desk.sync('large', 500);
    desk.sync('small', 10);
    desk.sync('other', 10);
    const turn = Date.parse('2026-04-01T00:00:00Z');
    assert.deepEqual(desk.ledger.advance(turn - 1), []);
    assert.deepEqual(resumed(desk.ledger.advance(turn)), [['other', 0], ['small', 2_000], ['large', 4_000]]);
  });

  it('keep a share for each that has just resumed, so that a large one that comes first starves none', () => {
    const desk = new Desk(100);
    for (const id of ['large', 'small', 'middle']) desk.sync(id, id === 'large' ? 500 : id === 'small' ? 10 : 60);
    const turn = Date.parse('2026-04-01T00:00:00Z');
    desk.ledger.advance(turn);
    // Three share 100: the small one wants 10 only, and 33 are kept for the middle one.
    assert.equal(desk.reserve('large', 400, turn), 57);
    assert.deepEqual([desk.reserve('small', 10, turn), desk.reserve('middle', 60, turn)], [10, 33]);
  });

  it('no longer keep the share of one that did not come back within the hour', () => {
    const desk = new Desk(100);
    desk.sync('large', 500);
    desk.sync('gone', 90);
    const turn = Date.parse('2026-04-01T00:00:00Z');
    desk.ledger.advance(turn);
    desk.ledger.advance(turn + 2 * hourMs);
    assert.equal(desk.reserve('large', 400, turn + 2 * hourMs), 100);
  });

  it('wake with what a sync gives back, but not sooner than syncs may follow each other', () => {
    const desk = new Desk(100);
    desk.reserve('a', 100);
    assert.equal(desk.reserve('b', 50), 0);
    const effects = desk.settle('a', 30);
    assert.deepEqual(effects.filter(({ kind }) => kind === 'resume').map((effect) => ({ ...effect, version: 0 })), [
      { kind: 'resume', subscriptionId: 'b', delayMs: 0, starts: true, soon: false, version: 0 },
    ]);
  });

  it('wake nobody with what is kept for another that has resumed and not yet come back', () => {
    const desk = new Desk(100);
    for (const id of ['large', 'small']) desk.sync(id, id === 'large' ? 500 : 30);
    const turn = Date.parse('2026-04-01T00:00:00Z');
    desk.ledger.advance(turn);
    assert.equal(desk.reserve('large', 400, turn), 70);
    assert.deepEqual(resumed(desk.settle('large', 70, '2026-04-01', turn)), []);
    assert.equal(desk.reserve('small', 30, turn), 30);
  });

  it('ask for the row of a sync that was never heard of again, when the next one comes or an hour has passed', () => {
    const desk = new Desk(100);
    desk.reserve('a', 100);
    const read = { kind: 'read', account: 'warehouse/a', subscriptionId: 'a', source: 'warehouse', number: 1 } as const;
    assert.deepEqual(desk.ledger.reserve({ subscriptionId: 'a', source: 'warehouse', destination: 'crm', number: 2, wanted: 5 }, startMs), [read]);
    assert.deepEqual(desk.ledger.advance(startMs + hourMs), [read]);
    desk.ledger.reconcile('warehouse/a', { settledThrough: 1, usage: { '2026-03-04': { succeeded: 20, failed: 3 } } }, startMs + hourMs);
    const { processed, reserved, remaining } = usageView('acme', desk.ledger.snapshot(), startMs + hourMs);
    assert.deepEqual([processed, reserved, remaining], [23, 0, 77]);
  });

  it('keep the remainder of a sync that spans two cycles reserved in the second, and count each part where it was sent', () => {
    const desk = new Desk(100, Date.parse('2026-03-31T23:00:00Z'));
    desk.reserve('a', 80);
    const report = { subscriptionId: 'a', source: 'warehouse', destination: 'crm', number: 1 };
    desk.ledger.report({ ...report, usage: { '2026-03-31': { succeeded: 50, failed: 0 } }, final: false }, desk.nowMs);
    const turn = Date.parse('2026-04-01T00:00:00Z');
    desk.ledger.advance(turn);
    assert.equal(usageView('acme', desk.ledger.snapshot(), turn).reserved, 30);
    assert.equal(desk.reserve('b', 100, turn), 70);
    desk.ledger.report({ ...report, usage: { '2026-03-31': { succeeded: 50, failed: 0 }, '2026-04-01': { succeeded: 30, failed: 0 } }, final: true }, turn);
    const view = usageView('acme', desk.ledger.snapshot(), turn);
    assert.deepEqual([view.processed, view.past[0]?.processed, view.past[0]?.byDestination], [30, 50, { crm: 50 }]);
  });

  it('grant nothing twice when a worker\'s clock is in the next cycle already: what is open has to fit into both', () => {
    const desk = new Desk(100, Date.parse('2026-03-31T23:59:59Z'));
    desk.reserve('a', 80);
    const report = { subscriptionId: 'a', source: 'warehouse', destination: 'crm', number: 1, usage: { '2026-04-01': { succeeded: 80, failed: 0 } } };
    desk.ledger.report({ ...report, final: true }, desk.nowMs);
    assert.equal(desk.reserve('b', 100), 20);
  });

  it('warn once each when 80 and 100 percent are reached, and again in the next cycle', () => {
    const desk = new Desk(100);
    const warned = (effects: readonly QuotaEffect[]): number[] => effects.flatMap((effect) => (effect.kind === 'threshold' ? [effect.percent] : []));
    assert.deepEqual([79, 1, 1, 19, 5].map((wanted) => warned(desk.sync('a', wanted))), [[], [80], [], [100], []]);
    desk.ledger.advance(Date.parse('2026-04-01T00:00:00Z'));
    desk.reserve('a', 90);
    assert.deepEqual(warned(desk.settle('a', 90, '2026-04-01')), [80]);
  });

  it('take numbers that start anew, where the tables were dropped, without giving the quota back', () => {
    const desk = new Desk(100);
    for (let i = 0; i < 3; i++) desk.sync('a', 20);
    const request = { subscriptionId: 'a', source: 'warehouse', destination: 'crm', number: 1, wanted: 60 };
    assert.equal(desk.ledger.reserve(request, startMs)[0]?.kind, 'read');
    desk.ledger.reconcile('warehouse/a', { settledThrough: 0, usage: null }, startMs);
    assert.deepEqual(desk.ledger.reserve(request, startMs, true).at(-1), { kind: 'grant', subscriptionId: 'a', number: 1, records: 40 });
  });
});

describe('the usage page', () => {
  it('reads in the Web UI as a usage page does: what is processed of the plan, how to get more, by destination and subscription, and who is paused', () => {
    const desk = new Desk(1_000_000);
    desk.sync('customers', 1_234);
    desk.sync('orders', 800_000);
    desk.ledger.advance(Date.parse('2026-04-01T00:00:00Z'));
    desk.reserve('customers', 900_000, Date.parse('2026-04-02T00:00:00Z'));
    desk.settle('customers', 900_000, '2026-04-02', Date.parse('2026-04-02T00:00:00Z'));
    desk.reserve('orders', 200_000, Date.parse('2026-04-02T00:00:00Z'));
    assert.equal(
      usageText(usageView('acme', desk.ledger.snapshot(), Date.parse('2026-04-02T00:00:00Z'))),
      [
        '### Reverse ETL usage of acme',
        '**900,000 of 1,000,000 records** processed to destinations in the billing cycle from 2026-04-01 to 2026-05-01 (UTC)',
        '',
        '`████████████████████████████████████░░░░` 90%',
        '',
        '- plan: custom, 1,000,000 records a month; to process more, raise `workspace.plan` and apply it',
        '- left: 0, reserved by running syncs: 100,000',
        '- at this rate the limit is reached on 2026-04-02',
        '- paused until 2026-05-01: orders',
        '',
        '**By destination**',
        '',
        '- crm: 900,000',
        '',
        '**By subscription**',
        '',
        '- customers: 900,000',
        '',
        '**Earlier cycles**',
        '',
        '- from 2026-03-01: 801,234',
      ].join('\n'),
    );
  });

  it('tells the day on which the limit is reached if the cycle goes on like this', () => {
    const desk = new Desk(100);
    const after = (days: number): string | null => usageView('acme', desk.ledger.snapshot(), Date.parse('2026-03-01T00:00:00Z') + days * dayMs).limitReachedOn;
    assert.equal(after(10), null);
    desk.sync('a', 50);
    assert.equal(after(10), '2026-03-21');
    assert.equal(after(16), null);
    desk.sync('a', 50);
    assert.equal(after(20), '2026-03-21');
  });
});
