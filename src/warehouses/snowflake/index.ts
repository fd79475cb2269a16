/** Snowflake as a warehouse: the diff, the state tables and the leases, all in SQL. docs/snowflake.md tells what of it real Snowflake asks for. */
import { bindMethods } from '../bind.js';
import type { Warehouse } from '../warehouse.js';
import { checkAccess, grants } from './access.js';
import { abandonChunk, acquireChunk, finishChunk, registerChunks, releaseChunk } from './chunks.js';
import { SnowflakeClient } from './client.js';
import { describeModel } from './columns.js';
import { diffModel } from './diff.js';
import { dryRun } from './dry-run.js';
import { readFailures, retryFailures } from './failures.js';
import { readHistory, readIsOpen } from './history.js';
import { openSync } from './open.js';
import { takeGrant } from './grant.js';
import { resetState } from './reset.js';
import { readDelta } from './read-delta.js';
import { replaySync } from './replay.js';
import { sampleModel } from './sample.js';
import { fenceSync, settleSync } from './settle.js';
import type { SnowflakeSettings } from './settings.js';
import { readSyncUsage, readUsage } from './usage.js';

export type { SnowflakeSettings } from './settings.js';

/** Connects lazily: wrong credentials show at the first call. */
export function createSnowflakeWarehouse(source: string, settings: SnowflakeSettings): Warehouse {
  return bindMethods(new SnowflakeClient(source, settings), {
    ...{ describeModel, openSync, resetState, diffModel, replaySync, dryRun, takeGrant, readDelta, registerChunks, acquireChunk, releaseChunk, finishChunk, abandonChunk, fenceSync, settleSync },
    ...{ isOpen: readIsOpen, syncUsage: readSyncUsage, readUsage, failures: readFailures, retryFailures, sampleModel, checkAccess, grants, history: readHistory },
  });
}
