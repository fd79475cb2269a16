import { memoryOf, type Memory } from '../memory.js';

/** Runs an extract of all of `customers` in a process of its own. */
export function measureMemory(databaseUrl: string, stagingFolder: string): Promise<Memory> {
  return memoryOf(new URL('memory-process.js', import.meta.url), [databaseUrl, stagingFolder]);
}
