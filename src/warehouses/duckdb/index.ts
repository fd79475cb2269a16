/** DuckDB, a file or MotherDuck, as a warehouse: the diff, the state tables and the leases, all in SQL, in this process. */
import { bindMethods } from '../bind.js';
import type { Warehouse } from '../warehouse.js';
import { checkAccess, grants } from './access.js';
import { abandonChunk, acquireChunk, finishChunk, registerChunks, releaseChunk } from './chunks.js';
import { DuckdbClient, type DuckdbSettings } from './client.js';
import { describeModel } from './columns.js';
import { diffModel } from './diff.js';
import { dryRun } from './dry-run.js';
import { readFailures, retryFailures } from './failures.js';
import { takeGrant } from './grant.js';
import { readHistory, readIsOpen } from './history.js';
import { openSync } from './open.js';
import { readDelta } from './read-delta.js';
import { replaySync } from './replay.js';
import { resetState } from './reset.js';
import { sampleModel } from './sample.js';
import { fenceSync, settleSync } from './settle.js';
import { readSyncUsage, readUsage } from './usage.js';

export type { DuckdbSettings } from './client.js';

/** Opens its database at the first call, and lets go of it when nothing uses it. */
export function createDuckdbWarehouse(source: string, settings: DuckdbSettings): Warehouse {
  return bindMethods(new DuckdbClient(source, settings), {
    ...{ describeModel, openSync, resetState, diffModel, replaySync, dryRun, takeGrant, readDelta, registerChunks, acquireChunk, releaseChunk, finishChunk, abandonChunk, fenceSync, settleSync },
    ...{ isOpen: readIsOpen, syncUsage: readSyncUsage, readUsage, failures: readFailures, retryFailures, sampleModel, checkAccess, grants, history: readHistory },
  });
}
