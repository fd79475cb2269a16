/** Everything a worker runs. The exported names are workflow types: durable, because running workflows carry them. */
export { QuotaWorkflow } from './quota.js';
export { RateWorkflow } from './rate.js';
export { SyncRunWorkflow } from './sync-run.js';
export { SyncWorkflow } from './sync.js';
