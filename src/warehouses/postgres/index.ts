/** PostgreSQL 14 or newer as a warehouse: the diff, the state tables and the leases, all in SQL. */
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
  const client = new PostgresClient(source, settings);
  return {
    describeModel: (query) => describeModel(client, query),
    openSync: (request) => openSync(client, request),
    resetState: (subscription, destinationIdentity) => resetState(client, subscription, destinationIdentity),
    diffModel: (request, signal) => diffModel(client, request, signal),
    replaySync: (request, read, signal) => replaySync(client, request, read, signal),
    dryRun: (subscription, full, signal) => dryRun(client, subscription, full, signal),
    takeGrant: (sync, records, ledger) => takeGrant(client, sync, records, ledger),
    readDelta: (request, signal) => readDelta(client, request, signal),
    registerChunks: (sync, chunks) => registerChunks(client, sync, chunks),
    acquireChunk: (sync, chunk, holder, leaseMs) => acquireChunk(client, sync, chunk, holder, leaseMs),
    releaseChunk: (sync, chunk, holder) => releaseChunk(client, sync, chunk, holder),
    finishChunk: (sync, chunk, holder, counts, outcomes, atMs) => finishChunk(client, sync, chunk, holder, counts, outcomes, atMs),
    abandonChunk: (sync, chunk, holder, reason, atMs) => abandonChunk(client, sync, chunk, holder, reason, atMs),
    fenceSync: (sync) => fenceSync(client, sync),
    settleSync: (sync, end) => settleSync(client, sync, end),
    isOpen: (subscriptionId, number) => readIsOpen(client, subscriptionId, number),
    syncUsage: (subscriptionId, number) => readSyncUsage(client, subscriptionId, number),
    readUsage: (question) => readUsage(client, question),
    failures: (subscriptionId, limit) => readFailures(client, subscriptionId, limit),
    retryFailures: (subscriptionId) => retryFailures(client, subscriptionId),
    sampleModel: (model, which, signal) => sampleModel(client, model, which, signal),
    checkAccess: (models, signal) => checkAccess(client, models, signal),
    grants: (models, signal) => grants(client, models, signal),
    history: (subscriptionId, limit) => readHistory(client, subscriptionId, limit),
    close: () => client.close(),
  } satisfies Warehouse;
}
