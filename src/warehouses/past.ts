import { isDeepStrictEqual } from 'node:util';
import { diffScope, type DiffScope } from '../domain/diff-scope.js';
import type { Model } from '../domain/subscription.js';
import { WarehouseRefusedError } from '../errors/errors.js';
import { modelDigest } from './model-checks.js';
import type { ModelColumn } from './warehouse.js';

/** What the state tables say before a diff, and what follows for it. */
export interface Past {
  readonly baselinePending: boolean;
  readonly scope: DiffScope;
  /** The checkpoint less the lookback, as the warehouse writes it; null for a full diff. */
  readonly since: string | null;
  readonly columnsChanged: boolean;
  /** SQL for the checksum under the columns that the last complete diff saw; null where they are the same, or not to be found any more. */
  readonly formerChecksum: string | null;
  /** Whether `failures_` has rows. */
  readonly failures: boolean;
  /** Records in `records_`. */
  readonly known: number;
}

/** The state tables of a subscription, as one statement reads them. Times in ms since the epoch. */
export interface StateReading extends Pick<Past, 'baselinePending' | 'since' | 'failures' | 'known'> {
  readonly fullDiffAtMs: number | null;
  readonly modelDigest: string | null;
  /** The columns that the last complete diff saw. */
  readonly columns: readonly ModelColumn[] | null;
  /** The warehouse's clock. */
  readonly nowMs: number;
}

/** @throws WarehouseRefusedError when the checksums in a records table were made by another algorithm than the one that a diff would compare them with */
export function checkAlgorithm(records: string, made: number, known: number): void {
  if (made === known) return;
  throw new WarehouseRefusedError(
    `checksum algorithm ${made} made the checksums in ${records}, and this version of Sluice knows none but ${known}, by which every record would seem changed: go on with the version that made them, or reset the subscription to send all again`,
  );
}

/** @param formerChecksum SQL for the checksum that a row had under other columns; null when they can't all be found among those of now */
export function pastOf(
  read: StateReading,
  model: Model,
  columns: readonly ModelColumn[],
  full: boolean,
  formerChecksum: (before: readonly ModelColumn[], now: readonly ModelColumn[]) => string | null,
): Past {
  const before = read.columns;
  const columnsChanged = before !== null && !isDeepStrictEqual(before, columns);
  const { baselinePending, since, failures, known, fullDiffAtMs } = read;
  const modelChanged = read.modelDigest !== modelDigest(model) || columnsChanged;
  const scope = diffScope(model.timestamp, { hasCheckpoint: since !== null, fullDiffAtMs, modelChanged, baselinePending }, full, read.nowMs);
  return {
    baselinePending,
    scope,
    since: scope === 'full' ? null : since,
    columnsChanged,
    formerChecksum: before === null || !columnsChanged ? null : formerChecksum(before, columns),
    failures,
    known,
  };
}

/** SQL that is true for updates that only the model's changed columns brought about: all of them, where the former checksum can't be computed any more. */
export function resentCondition(past: Past): string {
  return past.formerChecksum !== null ? 'reshaped' : String(past.columnsChanged);
}
