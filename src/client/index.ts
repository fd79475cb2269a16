/** The typed client: what the package exports. */
export { SluiceClient, type Wanted } from './client.js';
export type { ConnectOptions } from './connect.js';
export type { Change } from './plan.js';
export type { CycleReport, UsageView } from '../contract/quota.js';
export type { WorkspacePlan } from '../domain/plan.js';
export type { SubscriptionStatus, SyncProgress, SyncRequest, SyncRequestAnswer } from '../contract/messages.js';
export type { Subscription } from '../domain/subscription.js';
export type { SyncResult } from '../domain/sync.js';
export { RefusedError, SluiceError, TemporalUnavailableError, WrongOwnerError } from '../errors/errors.js';
