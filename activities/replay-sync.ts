import type { StagedRecord } from '../src/domain/staged-record.js';
import { syncIdOf } from '../src/domain/subscription.js';
import { StagingLostError } from '../src/errors/errors.js';
import { stagedRecords } from '../src/staging/staged-records.js';
import type { StagedChunk } from '../src/warehouses/warehouse.js';
import type { ActivityDependencies } from './dependencies.js';
import { findRecords } from './find-records.js';
import type { DiffSummary, ReplayInput } from './types.js';

/** In the place of steps 1 and 2: takes up what a past sync staged, where it is still the version that the destination acknowledged, and asks the ledger for that. */
export function replaySync(dependencies: ActivityDependencies, input: ReplayInput): Promise<DiffSummary> {
  const read = (chunks: readonly StagedChunk[]): AsyncIterable<readonly StagedRecord[]> => recordsOf(dependencies, input, chunks);
  return findRecords(dependencies, input, (warehouse, request, signal) => warehouse.replaySync({ ...request, replayed: input.replayed }, read, signal));
}

async function* recordsOf(dependencies: ActivityDependencies, input: ReplayInput, chunks: readonly StagedChunk[]): AsyncGenerator<readonly StagedRecord[]> {
  const { sync, replayed } = input;
  try {
    for (const { chunk, file, sha256 } of chunks) {
      yield* stagedRecords(dependencies.staging.readChunk({ subscriptionId: sync.subscriptionId, syncNumber: replayed, chunk }, { name: file, sha256 }));
    }
  } catch (error) {
    if (!(error instanceof StagingLostError)) throw error;
    // Behind the semicolon stands what follows for the sync that staged it.
    const [what = ''] = error.message.split(';');
    throw new StagingLostError(
      `sync ${syncIdOf(sync.subscriptionId, replayed)} can't be replayed, and nothing was sent: ${what}; what a sync staged is kept for ${dependencies.stagingRetainMs / 3_600_000} h (staging.retain)`,
    );
  }
}
