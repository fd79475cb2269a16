import type { ChunkPlace, OutcomeEntry, StagingStore } from '../../src/staging/staging.js';

/** Adds one entry to a chunk's outcome log, as a writer that comes and goes. */
export async function appendOutcome(store: StagingStore, place: ChunkPlace, entry: OutcomeEntry): Promise<void> {
  const log = await store.openOutcomes(place);
  try {
    await log.append(entry);
  } finally {
    await log.close();
  }
}
