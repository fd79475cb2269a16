import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { SluiceClient, type SubscriptionStatus, type SyncResult } from '../../src/client/index.js';
import type { Configuration } from '../../src/config/index.js';
import type { WebhookConfig } from '../../src/destinations/webhook/config.js';
import type { Subscription } from '../../src/domain/subscription.js';
import { startWorker, type RunningWorker } from '../../src/worker/worker.js';
import { freshDatabase } from './postgres.js';
import { Receiver } from './receiver.js';
import { freshNamespace, quietWorkers, testServer } from './temporal.js';
import { temporaryFolder } from './temporary-folder.js';

/** A whole Sluice on real parts: a Temporal namespace, a warehouse database, a receiver, a client and, once started, a worker. */
export interface Rig {
  readonly configuration: Configuration;
  /** On the table `people`; `subscribe` makes others. */
  readonly subscription: Subscription;
  readonly database: pg.Pool;
  readonly receiver: Receiver;
  readonly client: SluiceClient;
  readonly temporal: Client;
  readonly address: string;
  readonly namespace: string;
  /** Removed with the rig. Staging is in `staging` there. */
  readonly folder: string;
  startWorker(configuration?: Configuration): Promise<RunningWorker>;
  /** Starts a subscription of its own on a table of its own, made with `rows` people, and empties the receiver. What it replaces is disabled. */
  subscribe(rows: number, changes?: Partial<Subscription>): Promise<Subscribed>;
  stop(): Promise<void>;
}

export interface Subscribed {
  readonly subscription: Subscription;
  readonly id: string;
  /** The name of the table that its model reads. */
  readonly table: string;
  /** Asks for a sync and waits for its end. */
  sync(): Promise<SyncResult>;
  request(): Promise<number>;
  status(): Promise<SubscriptionStatus>;
}

export interface RigOptions {
  readonly subscription?: Partial<Subscription>;
  readonly query?: string;
  readonly destination?: Partial<WebhookConfig>;
  readonly source?: Partial<Configuration['sources'][string]>;
  /** Left out: the server of this test run, in a namespace of its own. */
  readonly server?: { readonly address: string; readonly namespace: string };
}

export async function createRig(options: RigOptions = {}): Promise<Rig> {
  quietWorkers();
  const server = options.server ?? { ...(await testServer()), namespace: await freshNamespace() };
  const { address, namespace } = server;
  const [database, folder, receiver, connection, client] = await Promise.all([
    freshDatabase(),
    temporaryFolder(),
    Receiver.start(),
    Connection.connect({ address }),
    SluiceClient.connect({ address, namespace }),
  ]);
  const pool = new pg.Pool({ connectionString: database.url, options: '-c timezone=UTC' });
  // A pool ends before its connections have: dropping the database may end one that is closing.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const configuration = configurationOf(options, { url: database.url, receiverUrl: receiver.url, staging: `${folder.path}/staging` });
  const subscription = subscriptionOf(options);
  const workers: RunningWorker[] = [];
  let subscribed = 0;
  const rig: Rig = {
    configuration,
    subscription,
    database: pool,
    receiver,
    client,
    temporal: new Client({ connection, namespace }),
    address,
    namespace,
    folder: folder.path,
    startWorker: async (other = configuration) => {
      const worker = await startWorker({ configuration: other, env: {}, address, namespace });
      workers.push(worker);
      return worker;
    },
    subscribe: async (rows, changes = {}) => {
      subscribed += 1;
      const id = changes.id ?? `people_${subscribed}`;
      const model = { ...subscription.model, query: `select * from ${id}`, ...changes.model };
      await createPeople(pool, rows, id);
      emptyReceiver(receiver);
      return subscribeTo(rig, { ...subscription, ...changes, id, model });
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      await Promise.all([client.close(), connection.close(), receiver.close(), pool.end()]);
      await Promise.all([database.drop(), folder.remove()]);
    },
  };
  return rig;
}

/** Applies a subscription alone, and gives what tests do with it. */
export async function subscribeTo({ client, configuration }: Rig, subscription: Subscription): Promise<Subscribed> {
  const { id } = subscription;
  await client.apply({ ...configuration, subscriptions: { [id]: subscription } });
  const request = async (): Promise<number> => {
    const answer = await client.requestSync(id);
    if (!answer.accepted) throw new Error(`the request was refused: ${answer.reason}`);
    return answer.request;
  };
  return {
    subscription,
    id,
    table: id,
    request,
    sync: async () => client.waitForSync(id, await request()),
    status: () => client.status(id),
  };
}

function subscriptionOf(options: RigOptions): Subscription {
  return {
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
}

function configurationOf(options: RigOptions, places: { readonly url: string; readonly receiverUrl: string; readonly staging: string }): Configuration {
  const subscription = subscriptionOf(options);
  const source = { type: 'postgres', url: places.url, stateSchema: '__segment_reverse_etl', maxRecordsPerSync: 150_000_000, statementTimeoutMs: 60_000, maxConcurrentDiffs: 4 };
  return {
    workspace: { id: 'test', plan: { kind: 'free' }, billingCycleDay: 1, countFailed: true },
    staging: { type: 'local', path: places.staging, retainMs: 3_600_000, waitForHostMs: 300_000, encryption: null },
    sources: { warehouse: { ...source, ...options.source } as Configuration['sources'][string] },
    models: { people: subscription.model },
    destinations: {
      crm: {
        type: 'webhook',
        url: places.receiverUrl,
        headers: {},
        method: 'POST',
        gzip: false,
        signing: null,
        tls: null,
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
}

function emptyReceiver(receiver: Receiver): void {
  receiver.endScript();
  receiver.state.clear();
  receiver.requests.length = 0;
  Object.assign(receiver.taken, { new: 0, updated: 0, deleted: 0, other: 0, repeated: 0 });
  receiver.refuseRecord = () => null;
  receiver.isBad = () => false;
  receiver.hangsOver = () => false;
  receiver.breaksDownOver = () => false;
}

/** Makes a table with `rows` rows of several types. */
export async function createPeople(database: pg.Pool, rows: number, table = 'people'): Promise<void> {
  await database.query(`
    CREATE TABLE ${table} (id bigint PRIMARY KEY, name text, score numeric(20, 4), born timestamptz, tags jsonb);
    INSERT INTO ${table} SELECT g, 'person ' || g, g / 7.0, timestamptz '2020-01-01Z' + g * interval '1 hour', jsonb_build_array('a', g) FROM generate_series(1, ${rows}) AS g`);
}

/** What the receiver should hold: id to its properties, as the warehouse itself would write them. */
export async function modelState(database: pg.Pool, table = 'people'): Promise<Map<string, unknown>> {
  const rows = await database.query<{ id: string; record: unknown }>(`SELECT id::text AS id, to_json(model) AS record FROM ${table} AS model ORDER BY model.id`);
  return new Map(rows.rows.map((row) => [row.id, row.record]));
}

/** What the receiver does hold, in the same form and order. */
export function receivedState(receiver: Receiver): Map<string, unknown> {
  const sorted = [...receiver.state].sort(([one], [other]) => Number(one) - Number(other));
  return new Map(sorted.map(([id, record]) => [id, record.properties]));
}

/** Waits until `holds` is true; fails with `what` after `withinMs`. */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
}
