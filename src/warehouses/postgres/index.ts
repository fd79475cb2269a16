/** PostgreSQL 14 or newer as a warehouse: the diff, the state tables and the leases, all in SQL. */
import { bindMethods } from '../bind.js';
import type { Warehouse } from '../warehouse.js';
import { checkAccess, grants } from './access.js';
import { abandonChunk, acquireChunk, finishChunk, registerChunks, releaseChunk } from './chunks.js';
import { PostgresClient, type PostgresSettings } from './client.js';
import { describeModel } from './columns.js';
import { diffModel } from './diff.js';
import { dryRun } from './dry-run.js';
import { readFailures, retryFailures } from './failures.js';
import { readHistory, readIsOpen } from './history.js';
import { openSync } from './open.js';
import { takeGrant } from './grant.js';
import { replaySync } from './replay.js';
import { resetState } from './reset.js';
import { readSyncUsage, readUsage } from './usage.js';
import { readDelta } from './read-delta.js';
import { sampleModel } from './sample.js';
import { fenceSync, settleSync } from './settle.js';

export type { PostgresSettings } from './client.js';

/** Connects lazily: a wrong url shows at the first call, as WarehouseUnavailableError. */
export function createPostgresWarehouse(source: string, settings: PostgresSettings): Warehouse {
  return bindMethods(new PostgresClient(source, settings), {
    ...{ describeModel, openSync, resetState, diffModel, replaySync, dryRun, takeGrant, readDelta, registerChunks, acquireChunk, releaseChunk, finishChunk, abandonChunk, fenceSync, settleSync },
    ...{ isOpen: readIsOpen, syncUsage: readSyncUsage, readUsage, failures: readFailures, retryFailures, sampleModel, checkAccess, grants, history: readHistory },
  });
}
