import type { PostgresDestinationConfig } from '../../src/destinations/postgres/config.js';

/** The configuration of a table as destination with short times, for tests. */
export function tableConfig(url: string, table: string, changes: Partial<PostgresDestinationConfig> = {}): PostgresDestinationConfig {
  return {
    type: 'postgres',
    url,
    table,
    key: 'id',
    write: 'upsert',
    batchSize: 5_000,
    batchBytes: 20_000_000,
    concurrency: 4,
    rateLimit: null,
    timeoutMs: 2_000,
    giveUpAfterMs: 10_000,
    ...changes,
  };
}
