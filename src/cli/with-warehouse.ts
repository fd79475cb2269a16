import { loadConfiguration } from '../config/index.js';
import type { Subscription } from '../domain/subscription.js';
import { RefusedError } from '../errors/errors.js';
import type { Adapters } from '../worker/adapters.js';
import { subscriptionOf } from './known-subscriptions.js';
import type { Settings } from './settings.js';

type Warehouse = NonNullable<ReturnType<Adapters['warehouse']>>;

/** Does something in a subscription's warehouse, from this machine: needs neither Temporal nor a worker, and of all variables only the source's. */
export async function withWarehouse<T>(settings: Settings, subscriptionId: string, work: (warehouse: Warehouse, subscription: Subscription) => Promise<T>): Promise<T> {
  const configuration = await loadConfiguration(settings.configFile, process.env, { requireVariables: false });
  const subscription = subscriptionOf(configuration, settings, subscriptionId);
  // The adapters bring every driver with them, which no other command should wait for.
  const { Adapters: LoadedAdapters } = await import('../worker/adapters.js');
  const adapters = new LoadedAdapters(configuration, process.env);
  try {
    const warehouse = adapters.warehouse(subscription.model.source);
    if (warehouse === null) throw new RefusedError(`the configuration has no source "${subscription.model.source}"`);
    return await work(warehouse, subscription);
  } finally {
    await adapters.close();
  }
}
