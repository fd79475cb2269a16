import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { SluiceClient } from '../../src/client/index.js';
import type { Configuration } from '../../src/config/index.js';
import type { Subscription } from '../../src/domain/subscription.js';
import { startWorker, type RunningWorker } from '../../src/worker/worker.js';
import { freshDatabase } from './postgres.js';
import { Receiver } from './receiver.js';
import { freshNamespace, testServer } from './temporal.js';
import { temporaryFolder } from './temporary-folder.js';

/** A whole Sluice on real parts: a Temporal namespace, a warehouse database, a receiver, a client and, once started, a worker. */
export interface Rig {
  readonly configuration: Configuration;
  readonly subscription: Subscription;
  readonly database: pg.Pool;
  readonly receiver: Receiver;
  readonly client: SluiceClient;
  readonly address: string;
  readonly namespace: string;
  startWorker(configuration?: Configuration): Promise<RunningWorker>;
  stop(): Promise<void>;
}

export interface RigOptions {
  readonly subscription?: Partial<Subscription>;
  readonly query?: string;
  readonly destination?: Partial<Configuration['destinations'][string]>;
  readonly source?: Partial<Configuration['sources'][string]>;
}

export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const [database, folder, receiver, { address }, namespace] = await Promise.all([freshDatabase(), temporaryFolder(), Receiver.start(), testServer(), freshNamespace()]);
  const pool = new pg.Pool({ connectionString: database.url });
  const client = await SluiceClient.connect({ address, namespace });
  const subscription: Subscription = {
    id: 'people_to_crm',
    enabled: true,
    model: { name: 'people', source: 'warehouse', query: options.query ?? 'select * from people', identifier: 'id', timestamp: null },
    destination: 'crm',
    syncMode: 'mirror',
    schedule: { kind: 'manual' },
    mapping: null,
    nullValues: 'send',
    initialSync: 'send',
    continueImmediately: false,
    ...options.subscription,
  };
  const configuration: Configuration = {
    workspace: { id: 'test', plan: { kind: 'free' }, billingCycleDay: 1, countFailed: true },
    staging: { type: 'local', path: folder.path, retainMs: 3_600_000 },
    sources: {
      warehouse: { type: 'postgres', url: database.url, stateSchema: '__segment_reverse_etl', maxRecordsPerSync: 150_000_000, statementTimeoutMs: 60_000, maxConcurrentDiffs: 4, ...options.source } as Configuration['sources'][string],
    },
    models: { people: subscription.model },
    destinations: {
      crm: {
        type: 'webhook',
        url: receiver.url,
        headers: {},
        method: 'POST',
        gzip: false,
        signing: null,
        batchSize: 100,
        batchBytes: 1_000_000,
        concurrency: 4,
        rateLimit: null,
        timeoutMs: 2_000,
        giveUpAfterMs: 3_000,
        ...options.destination,
      },
    },
    subscriptions: { [subscription.id]: subscription },
  };
  const workers: RunningWorker[] = [];
  return {
    configuration,
    subscription,
    database: pool,
    receiver,
    client,
    address,
    namespace,
    startWorker: async (other = configuration) => {
      const worker = await startWorker({ configuration: other, env: {}, address, namespace });
      workers.push(worker);
      return worker;
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      await Promise.all([client.close(), receiver.close(), pool.end()]);
      await Promise.all([database.drop(), folder.remove()]);
    },
  };
}

/** Makes `people` with `rows` rows of several types. */
export async function createPeople(database: pg.Pool, rows: number): Promise<void> {
  await database.query(`
    CREATE TABLE people (id bigint PRIMARY KEY, name text, score numeric(20, 4), born timestamptz, tags jsonb);
    INSERT INTO people SELECT g, 'person ' || g, g / 7.0, timestamptz '2020-01-01Z' + g * interval '1 hour', jsonb_build_array('a', g) FROM generate_series(1, ${rows}) AS g`);
}

/** What the receiver should hold: id to its properties, as the warehouse itself would write them. */
export async function modelState(database: pg.Pool): Promise<Map<string, unknown>> {
  const rows = await database.query<{ id: string; record: unknown }>(`SELECT id::text AS id, to_json(people) AS record FROM people`);
  return new Map(rows.rows.map((row) => [row.id, row.record]));
}

/** Waits until `holds` is true; fails with `what` after `withinMs`. */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
}
