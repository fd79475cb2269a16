import type { ModuleDestinationConfig } from '../../src/destinations/module/config.js';
import type { JsonObject } from '../../src/domain/subscription.js';

/** The configuration of a custom destination with short times, for tests. */
export function moduleConfig(path: string, settings: JsonObject): ModuleDestinationConfig {
  return { type: 'module', path, settings, batchSize: 500, batchBytes: 4_000_000, concurrency: 4, rateLimit: null, timeoutMs: 2_000, giveUpAfterMs: 10_000 };
}
