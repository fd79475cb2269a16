import type { S3Location } from '../../s3/location.js';
import type { DestinationLimits } from '../destination.js';

/** A place for files, as the configuration has it after `${ENV}` references were resolved. Times in ms. */
export type FileDestinationConfig = DestinationLimits & {
  readonly type: 'file';
  /** An absolute path, or `s3://bucket/prefix`. Each subscription gets a folder in it. */
  readonly path: string;
  /** How the store is reached when the path is in one. */
  readonly s3: Omit<S3Location, 'bucket' | 'prefix'>;
  readonly gzip: boolean;
} & FileFormat;

export type FileFormat =
  | { readonly format: 'jsonl'; readonly columns: null }
  /** Only these columns are written, in this order. */
  | { readonly format: 'csv'; readonly columns: readonly string[] };
