import assert from 'node:assert/strict';
import fc from 'fast-check';
import { usageView } from '../../src/contract/usage-view.js';
import { processed, reserved } from '../../src/domain/quota-sums.js';
import type { QuotaTerms } from '../../src/domain/quota-state.js';
import { World } from './quota-world.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const terms = (records: number, countFailed = true): QuotaTerms => ({ plan: { kind: 'custom', records }, billingCycleDay: 15, countFailed });

type Act = (world: World) => void;

const who = fc.nat(3);
const about = (act: (world: World, party: World['parties'][number], records: number) => void) =>
  fc.tuple(who, fc.integer({ min: 1, max: 150 })).map(([index, records]): Act => (world) => {
    const party = world.parties[index];
    if (party !== undefined) act(world, party, records);
  });

const acts: readonly fc.WeightedArbitrary<Act>[] = [
  { weight: 6, arbitrary: about((world, party, records) => world.begin(party, records)) },
  { weight: 6, arbitrary: about((world, party, records) => world.send(party, records, Math.floor(records / 4))) },
  { weight: 3, arbitrary: about((world, party) => world.progress(party)) },
  { weight: 4, arbitrary: about((world, party) => world.settle(party, 1)) },
  { weight: 2, arbitrary: about((world, party) => world.settle(party, 0)) },
  { weight: 1, arbitrary: about((world, party) => world.settle(party, 2)) },
  { weight: 2, arbitrary: about((world, party) => world.ask(party)) },
  { weight: 2, arbitrary: fc.constant<Act>((world) => world.arriveLate()) },
  { weight: 2, arbitrary: fc.constant<Act>((world) => world.reload()) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 5 * 24 }).map((hours): Act => (world) => world.pass(hours * hourMs)) },
];
const wipes: fc.WeightedArbitrary<Act> = { weight: 1, arbitrary: fc.constant<Act>((world) => world.wipe()) };
const changes: fc.WeightedArbitrary<Act> = {
  weight: 1,
  arbitrary: fc.tuple(fc.integer({ min: 0, max: 400 }), fc.boolean()).map(([records, countFailed]): Act => (world) => world.changeTerms(terms(records, countFailed))),
};

const historyOf = (...weighted: readonly fc.WeightedArbitrary<Act>[]) => fc.array(fc.oneof(...weighted), { minLength: 20, maxLength: 120 });

/** Whatever is under way ends, and the ledger hears of it. */
function conclude(world: World): void {
  for (const party of world.parties) world.settle(party, 1);
  world.arriveLate();
  world.pass(2 * hourMs);
}

/** The usage page has what was really sent: in each cycle, in all and by subscription. */
function assertTrue(world: World): void {
  const { past, ...current } = usageView('acme', world.state, world.nowMs);
  for (const { cycleStart, processed: total, bySubscription, byDestination } of [current, ...past]) {
    const sent = (parties = world.parties): number => world.truth(parties).get(Date.parse(cycleStart)) ?? 0;
    assert.deepEqual([total, byDestination['crm'] ?? 0], [sent(), sent()]);
    for (const party of world.parties) assert.equal(bySubscription[party.id] ?? 0, sent([party]));
  }
}

describe('a quota ledger', () => {
  it('never lets usage pass the limit by a single record, in any cycle, whatever comes twice, late or never', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.boolean(), historyOf(...acts, wipes), (limit, countFailed, history) => {
        const world = new World(terms(limit, countFailed));
        for (const act of history) {
          act(world);
          for (const counted of world.truth().values()) assert(counted <= limit, `${counted} of ${limit}`);
          assert(processed(world.state) + reserved(world.state) <= limit);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('counts every record once, in the cycle in which it was sent', () => {
    fc.assert(
      fc.property(historyOf(...acts, changes), (history) => {
        const world = new World(terms(300));
        for (const act of history) act(world);
        conclude(world);
        assertTrue(world);
        assert.equal(reserved(world.state), 0);
      }),
      { numRuns: 400 },
    );
  });

  it('knows after a wipe what it knew before: the usage of every cycle, and what running syncs may still send', () => {
    fc.assert(
      fc.property(historyOf(...acts), (history) => {
        const world = new World(terms(300));
        for (const act of history) act(world);
        world.wipe();
        assertTrue(world);
        conclude(world);
        world.pass(40 * dayMs);
        assertTrue(world);
        assert.equal(reserved(world.state), 0);
      }),
      { numRuns: 300 },
    );
  });

  it('resumes everything that it paused when the next cycle begins, once each, and nothing else', () => {
    fc.assert(
      fc.property(historyOf(...acts, wipes, changes), (history) => {
        const world = new World(terms(300));
        for (const act of history) act(world); // the world objects to a resumption of what was not paused
        conclude(world);
        world.changeTerms(terms(300));
        world.pass(31 * dayMs);
        assert.deepEqual(world.parties.filter(({ paused }) => paused).map(({ id }) => id), []);
        const counts = world.parties.map(({ resumptions }) => resumptions);
        world.pass(31 * dayMs);
        assert.deepEqual(world.parties.map(({ resumptions }) => resumptions), counts);
      }),
      { numRuns: 300 },
    );
  });

  it('grants no more than the higher of two limits when the plan changes with syncs under way', () => {
    fc.assert(
      fc.property(historyOf(...acts, changes), (history) => {
        const world = new World(terms(200));
        for (const act of history) {
          act(world);
          if (!world.state.terms.countFailed) world.changeTerms({ ...world.state.terms, countFailed: true });
          for (const counted of world.truth().values()) assert(counted <= world.highestLimit);
        }
      }),
      { numRuns: 200 },
    );
  });
});
