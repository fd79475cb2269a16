import { loadConfiguration, type Configuration } from '../config/index.js';
import type { Subscription } from '../domain/subscription.js';
import { RefusedError } from '../errors/errors.js';
import type { Adapters } from '../worker/adapters.js';
import { entryOf } from './named-entry.js';
import type { Settings } from './settings.js';

type Warehouse = NonNullable<ReturnType<Adapters['warehouse']>>;

/** Does something with sources and destinations from this machine: needs neither Temporal nor a worker, and of all variables only those of what it uses. */
export async function withAdapters<T>(settings: Settings, work: (adapters: Adapters, configuration: Configuration) => Promise<T>): Promise<T> {
  const configuration = await loadConfiguration(settings.configFile, process.env, { requireVariables: false });
  // The adapters bring every driver with them, which no other command should wait for.
  const { Adapters: LoadedAdapters } = await import('../worker/adapters.js');
  const adapters = await LoadedAdapters.load(configuration, process.env);
  try {
    return await work(adapters, configuration);
  } finally {
    await adapters.close();
  }
}

/** Does something in a subscription's warehouse. */
export function withWarehouse<T>(settings: Settings, subscriptionId: string, work: (warehouse: Warehouse, subscription: Subscription) => Promise<T>): Promise<T> {
  return withAdapters(settings, (adapters, { subscriptions }) => {
    const subscription = entryOf(subscriptions, settings, 'subscription', subscriptionId);
    return work(warehouseOf(adapters, subscription.model.source), subscription);
  });
}

export function warehouseOf(adapters: Adapters, source: string): Warehouse {
  const warehouse = adapters.warehouse(source);
  if (warehouse === null) throw new RefusedError(`the configuration has no source "${source}"`);
  return warehouse;
}
