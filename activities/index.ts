/** The steps of a sync. Each file is one step; what they need from outside comes through `createActivities`. */
import type { ActivityDependencies } from './dependencies.js';
import { deliverNotices } from './deliver-notices.js';
import { diffModel } from './diff-model.js';
import { loadChunk } from './load-chunk.js';
import { LoadPlaces } from './load-places.js';
import { openSync } from './open-sync.js';
import { lookUpSync } from './look-up-sync.js';
import { readUsage } from './read-usage.js';
import { replaySync } from './replay-sync.js';
import { resetState } from './reset-state.js';
import { settleSync } from './settle-sync.js';
import { stageRecords } from './stage-records.js';
import { asActivity } from './step.js';
import { stagingSweeper } from './sweep-staging.js';
import { tellLedger } from './tell-ledger.js';
import type { Activities } from './types.js';
import { validateSubscription } from './validate-subscription.js';

export function createActivities(dependencies: ActivityDependencies): Activities {
  const places = new LoadPlaces();
  const sweepStaging = stagingSweeper(dependencies);
  return {
    validateSubscription: asActivity((input) => validateSubscription(dependencies, input)),
    resetState: asActivity((input) => resetState(dependencies, input)),
    openSync: asActivity((input) => openSync(dependencies, input)),
    diffModel: asActivity((input) => diffModel(dependencies, input)),
    replaySync: asActivity((input) => replaySync(dependencies, input)),
    stageRecords: asActivity((input) => stageRecords(dependencies, input)),
    loadChunk: asActivity((input) => places.within(input.subscription.destination, () => loadChunk(dependencies, input))),
    settleSync: asActivity((input) => settleSync(dependencies, input, sweepStaging)),
    hostPresent: () => Promise.resolve(),
    tellLedger: asActivity((message) => tellLedger(dependencies, message)),
    readUsage: asActivity((input) => readUsage(dependencies, input)),
    deliverNotices: asActivity(deliverNotices),
    lookUpSync: asActivity((input) => lookUpSync(dependencies, input)),
  };
}
