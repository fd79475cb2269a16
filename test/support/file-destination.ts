import type { FileDestinationConfig, FileFormat } from '../../src/destinations/file/config.js';

/** The configuration of files as destination, for tests. */
export function fileConfig(path: string, format: FileFormat & { readonly gzip: boolean }): FileDestinationConfig {
  return { type: 'file', path, batchSize: 5_000, batchBytes: 20_000_000, concurrency: 4, rateLimit: null, timeoutMs: 5_000, giveUpAfterMs: 10_000, ...format };
}
