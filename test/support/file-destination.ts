import type { FileDestinationConfig, FileFormat } from '../../src/destinations/file/config.js';
import type { TestBucket } from './s3.js';

type Written = FileFormat & { readonly gzip: boolean };

/** The configuration of files as destination, for tests. */
export function fileConfig(path: string, format: Written): FileDestinationConfig {
  const s3 = { region: null, endpoint: null, forcePathStyle: false, credentials: null };
  return { type: 'file', path, s3, batchSize: 5_000, batchBytes: 20_000_000, concurrency: 4, rateLimit: null, timeoutMs: 5_000, giveUpAfterMs: 10_000, ...format };
}

/** The same for files in a bucket. `endpoint`: by which it is reached, where that isn't the server's own. */
export function s3FileConfig({ location: { bucket, prefix, ...store } }: TestBucket, format: Written, endpoint = store.endpoint): FileDestinationConfig {
  return { ...fileConfig(`s3://${bucket}/${prefix}`, format), s3: { ...store, endpoint } };
}
