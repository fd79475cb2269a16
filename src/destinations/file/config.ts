import type { DestinationLimits } from '../destination.js';

/** A folder of files, as the configuration has it after `${ENV}` references were resolved. Times in ms. */
export type FileDestinationConfig = DestinationLimits & {
  readonly type: 'file';
  /** Absolute. Each subscription gets a folder in it. */
  readonly path: string;
  readonly gzip: boolean;
} & FileFormat;

export type FileFormat =
  | { readonly format: 'jsonl'; readonly columns: null }
  /** Only these columns are written, in this order. */
  | { readonly format: 'csv'; readonly columns: readonly string[] };
