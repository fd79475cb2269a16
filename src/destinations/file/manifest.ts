import { syncIdOf } from '../../domain/subscription.js';
import type { FileDestinationConfig } from './config.js';
import type { FileSet } from './target.js';

/** What a part of the file set is, in its manifest. */
export interface PublishedFile {
  readonly name: string;
  readonly records: number;
  readonly bytes: number;
  readonly sha256: string;
}

export function manifestOf({ subscriptionId, syncNumber }: FileSet, { format, gzip, columns }: FileDestinationConfig, files: readonly PublishedFile[]): Buffer {
  const records = files.reduce((sum, file) => sum + file.records, 0);
  const manifest = { syncId: syncIdOf(subscriptionId, syncNumber), subscriptionId, syncNumber, format, gzip, columns, records, files };
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}
