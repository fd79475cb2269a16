import type { SyncLookup } from '../src/domain/quota-ledger.js';
import { WarehouseUnavailableError } from '../src/errors/errors.js';
import type { ActivityDependencies } from './dependencies.js';
import type { LookUpInput } from './types.js';

/** How a sync ended that the ledger has not heard of, from its row. Tried again until the source answers, because nothing else knows. */
export async function lookUpSync(dependencies: ActivityDependencies, { source, subscriptionId, number }: LookUpInput): Promise<SyncLookup> {
  const warehouse = dependencies.warehouses().get(source);
  if (warehouse === undefined) {
    throw new WarehouseUnavailableError(`how sync ${subscriptionId}-${number} ended can't be found out: this worker's configuration lacks source "${source}"; put it back, also if only for this`);
  }
  const { settledThrough, usage } = await warehouse.syncUsage(subscriptionId, number);
  return { settledThrough, usage };
}
