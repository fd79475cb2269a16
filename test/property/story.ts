import fc from 'fast-check';
import type { SyncMode } from '../../src/domain/subscription.js';
import type { Fate } from '../conformance/warehouse-driver.js';
import type { TypeCase } from '../conformance/type-cases.js';

/** A random life of one subscription: a table's shape, and rounds of changes to it, each followed by a sync, a reset or a sync that dies. */
export interface Story {
  readonly shape: Shape;
  readonly syncMode: SyncMode;
  readonly maxRecordsPerSync: number;
  /** The first rows are taken for delivered. */
  readonly baseline: boolean;
  readonly rounds: readonly Round[];
}

export interface Shape {
  readonly identifier: 'text' | 'bigint';
  readonly columns: readonly TypeCase[];
  /** The model has a column of times, and is read by it. */
  readonly timed: boolean;
}

export interface Round {
  readonly changes: readonly Change[];
  readonly then: SyncPlan | { readonly kind: 'reset' };
}

/** When a row says it was written: later than all before, never, or earlier than it should. */
export type When = 'now' | 'never' | 'late';

/** `version` picks each column's value. `revert` goes back to what was acknowledged. `copy` adds a row with the same id, `stray` one without an id. */
export type Change =
  | { readonly kind: 'write'; readonly ids: readonly number[]; readonly version: Version; readonly when: When }
  | { readonly kind: 'copy'; readonly ids: readonly number[]; readonly version: Version }
  | { readonly kind: 'remove' | 'revert'; readonly ids: readonly number[] }
  | { readonly kind: 'stray' };

/** Each column's value, then the time of writing in minutes; -1 for none. */
export type Version = readonly number[];

export interface SyncPlan {
  readonly kind: 'sync';
  /** What the destination does with a record, by its id. */
  readonly fates: readonly Fate[];
  /** The sync dies before this step or record, counted from 0; past its end it doesn't. */
  readonly crashAt: number;
  /** The sync is cancelled when it has loaded this many chunks. */
  readonly cancelAfter: number;
  readonly diffedTwice: boolean;
  /** The most that the quota grants. */
  readonly grant: number;
  /** Looks at the whole model also where it is read by time. */
  readonly full: boolean;
}

/** Enough records for three chunks of the smallest batches. */
export const allIds: readonly number[] = Array.from({ length: 20 }, (_, id) => id);

const someIds = fc.subarray([...allIds], { minLength: 1 });
const version = fc.array(fc.nat(40), { minLength: 3, maxLength: 3 });

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), ids: someIds, version, when: fc.constantFrom<When>('now', 'now', 'never', 'late') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), ids: someIds }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('revert' as const), ids: someIds }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('copy' as const), ids: fc.subarray([...allIds], { minLength: 1, maxLength: 3 }), version }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stray' as const) }) },
);

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Fate>('taken') },
  { weight: 3, arbitrary: fc.constant<Fate>('refused') },
  { weight: 1, arbitrary: fc.constant<Fate>('taken_unanswered') },
  { weight: 2, arbitrary: fc.constant<Fate>('lost_unanswered') },
  { weight: 1, arbitrary: fc.constant<Fate>('not_sent') },
);

const unlimited = 1_000;

const syncPlan: fc.Arbitrary<SyncPlan> = fc.record({
  kind: fc.constant('sync' as const),
  fates: fc.array(fate, { minLength: 1, maxLength: 7 }),
  crashAt: fc.oneof({ weight: 2, arbitrary: fc.constant(unlimited) }, { weight: 1, arbitrary: fc.nat(30) }),
  cancelAfter: fc.oneof({ weight: 4, arbitrary: fc.constant(unlimited) }, { weight: 1, arbitrary: fc.nat(2) }),
  diffedTwice: fc.nat(5).map((pick) => pick === 0),
  grant: fc.oneof({ weight: 4, arbitrary: fc.constant(unlimited) }, { weight: 1, arbitrary: fc.nat(12) }),
  full: fc.nat(4).map((pick) => pick === 0),
});

const identifier = fc.constantFrom('text' as const, 'bigint' as const);

const plain = { syncMode: fc.constant<SyncMode>('mirror'), maxRecordsPerSync: fc.constant(unlimited), baseline: fc.constant(false) };

/** Under a limit, or by time, only the warehouse knows which excluded records it took in; so these go with the mode that excludes none. */
function kindOf(types: readonly TypeCase[]): fc.Arbitrary<Omit<Story, 'rounds'>> {
  const columns = fc.array(fc.constantFrom(...types), { minLength: 1, maxLength: 3 });
  const shapeOf = (timed: boolean): fc.Arbitrary<Shape> => fc.record({ identifier, columns, timed: fc.constant(timed) });
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ ...plain, shape: shapeOf(false), maxRecordsPerSync: fc.constantFrom(unlimited, 13, 7) }) },
    { weight: 2, arbitrary: fc.record({ ...plain, shape: shapeOf(true) }) },
    { weight: 2, arbitrary: fc.record({ ...plain, shape: shapeOf(false), syncMode: fc.constantFrom<SyncMode>('upsert', 'add', 'update', 'delete') }) },
    { weight: 1, arbitrary: fc.record({ ...plain, shape: shapeOf(false), baseline: fc.constant(true) }) },
  );
}

const rounds = fc.record({
  rounds: fc.array(
    fc.record({
      changes: fc.array(change, { maxLength: 3 }),
      then: fc.oneof({ weight: 12, arbitrary: syncPlan }, { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const) }) }),
    }),
    { minLength: 3, maxLength: 6 },
  ),
});

/** Lives over a warehouse with these types. */
export function storiesOf(types: readonly TypeCase[]): fc.Arbitrary<Story> {
  return fc.tuple(kindOf(types), rounds).map(([one, other]) => ({ ...one, ...other }));
}
