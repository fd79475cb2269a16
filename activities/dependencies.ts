import type { Destination } from '../src/destinations/destination.js';
import type { Mapper } from '../src/destinations/mapping.js';
import type { Pacer } from '../src/destinations/pacer.js';
import type { StagingStore } from '../src/staging/staging.js';
import type { Warehouse } from '../src/warehouses/warehouse.js';
import type { QuotaTerms } from '../src/domain/quota-state.js';
import type { Subscription } from '../src/domain/subscription.js';

/** What the steps of a sync need from outside. Names are resolved here, from the worker's own configuration. */
export interface ActivityDependencies {
  readonly workspaceId: string;
  readonly quotaTerms: QuotaTerms;
  readonly staging: StagingStore;
  /** How long staged records are kept after nothing was written to their sync any more. */
  readonly stagingRetainMs: number;
  /** How long a sync waits for the host that staged it, where that alone has its records. */
  readonly stagingHostWaitMs: number;
  /** Every source of this worker's configuration, by name. */
  warehouses(): ReadonlyMap<string, Warehouse>;
  /** Throws UnknownReferenceError when this worker's configuration lacks the subscription's source. */
  warehouseOf(subscription: Subscription): Warehouse;
  /** Throws UnknownReferenceError when this worker's configuration lacks the subscription's destination. */
  destinationOf(subscription: Subscription): Destination;
  /** Shared by all loads of a subscription on this worker. */
  pacerOf(subscription: Subscription): Pacer;
  /** The subscription that arrived as a payload. Throws ConfigurationError with all that is wrong with it. */
  parseSubscription(value: unknown): Subscription;
  /** Null when events go as they are staged. */
  mapperOf(subscription: Subscription): Mapper | null;
}
