import type { CheckItem } from '../../contract/reports.js';
import type { BatchPlace, DeliveryAnswer } from '../destination.js';

/** The sync whose file set it is. */
export interface FileSet {
  readonly subscriptionId: string;
  readonly syncNumber: number;
}

/** Where file sets lie. What each throws is its own; `judge` and `problemOf` put it into words. */
export interface FileTarget {
  /** As the configuration has it. */
  readonly path: string;
  /** Where a published set is; null when the sync's is not published. */
  published(set: FileSet, signal: AbortSignal): Promise<string | null>;
  /** Keeps a batch out of sight, whole or not at all; one that comes again changes nothing, also when it is cut to another length. `rows` has no header. */
  keep(set: FileSet, place: BatchPlace, rows: Buffer, signal: AbortSignal): Promise<void>;
  /** Shows all that was kept of a sync, with a manifest, and nothing when nothing was. Safe to repeat at any point. */
  publish(set: FileSet): Promise<void>;
  check(): Promise<readonly CheckItem[]>;
  /** What an error of `published` or `keep` comes to. */
  judge(error: unknown): DeliveryAnswer;
  /** Why `publish` failed, and what to do. */
  problemOf(error: unknown): string;
  close(): Promise<void>;
}
