import type { Configuration, DestinationConfig } from '../src/config/index.js';
import type { JsonObject, Subscription } from '../src/domain/subscription.js';

/** Where the parts of one measurement are. */
export interface Places {
  readonly databaseUrl: string;
  readonly receiverUrl: string;
  readonly stagingFolder: string;
}

export const stateSchema = '__segment_reverse_etl';

/** `customers` to a webhook, without a schedule. Its id and number stand in every message id, as the floors write them too. */
export function customersTo(query: string, mapping: JsonObject | null = null, id = 'customers_to_crm'): Subscription {
  return {
    id,
    enabled: true,
    model: { name: 'customers', source: 'warehouse', query, identifier: 'id', timestamp: null },
    destination: 'crm',
    syncMode: 'mirror',
    schedule: { kind: 'manual' },
    mapping,
    nullValues: 'send',
    initialSync: 'send',
    continueImmediately: false,
  };
}

/** Batches of 500 over four connections. */
export const destinationLimits = { batchSize: 500, batchBytes: 4 * 1024 * 1024, concurrency: 4, rateLimit: null, timeoutMs: 30_000, giveUpAfterMs: 300_000 } as const;

function webhookAt(url: string): DestinationConfig {
  return { type: 'webhook', url, headers: {}, method: 'POST', gzip: false, signing: null, tls: null, ...destinationLimits };
}

/** What sluice.yaml's defaults would make, on these places. */
export function configurationOf(places: Places, subscription: Subscription, destination = webhookAt(places.receiverUrl)): Configuration {
  return {
    workspace: { id: 'bench', plan: { kind: 'free' }, billingCycleDay: 1, countFailed: true },
    staging: { type: 'local', path: places.stagingFolder, retainMs: 3_600_000, waitForHostMs: 300_000, encryption: null },
    sources: {
      warehouse: { type: 'postgres', url: places.databaseUrl, stateSchema, maxRecordsPerSync: 150_000_000, statementTimeoutMs: 6 * 3_600_000, maxConcurrentDiffs: 4 },
    },
    models: { customers: subscription.model },
    destinations: { crm: destination },
    subscriptions: { [subscription.id]: subscription },
  };
}

/** One subscription without a schedule, by a sluice.yaml that names nothing but what it has to. */
export function sluiceYaml({ id, source, query, identifier, receiverUrl }: { readonly id: string; readonly source: JsonObject; readonly query: string; readonly identifier: string; readonly receiverUrl: string }): unknown {
  return {
    workspace: { id: 'bench', plan: { custom: { records: 1_000_000_000 } } },
    sources: { warehouse: source },
    models: { customers: { source: 'warehouse', query, identifier } },
    destinations: { crm: { type: 'webhook', url: receiverUrl } },
    subscriptions: { [id]: { model: 'customers', destination: 'crm', syncMode: 'mirror', schedule: 'manual' } },
  };
}
