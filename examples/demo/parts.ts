import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Runtime } from '@temporalio/worker';
import { SluiceClient } from '../../src/client/index.js';
import { loadConfiguration, type Configuration } from '../../src/config/index.js';
import { defaultCacheFolder } from '../../src/devserver/temporal-cli.js';
import { startTemporal, type TemporalServer } from '../../src/devserver/temporal.js';
import { WorkerLogger } from '../../src/worker/logger.js';
import { startWorker } from '../../src/worker/worker.js';
import { startReceiver, type Receiver } from './receiver.js';
import type { DemoWarehouse } from './warehouse.js';
import { startPostgresWarehouse } from './warehouse-postgres.js';

/** Starts a warehouse whose data is in `folder`. */
type StartWarehouse = (folder: string, log: (line: string) => void) => Promise<DemoWarehouse>;

/** The warehouses that the demo can run on, each with its configuration. */
export const warehouses = {
  postgres: { start: startPostgresWarehouse, file: 'sluice.yaml' },
  duckdb: { start: async (folder, log) => (await import('./warehouse-duckdb.js')).openDuckdbWarehouse(folder, log), file: 'sluice-duckdb.yaml' },
} as const satisfies Record<string, { start: StartWarehouse; file: string }>;

export type WarehouseKind = keyof typeof warehouses;

/** Everything that the demo runs on. */
export interface Parts {
  readonly warehouse: DemoWarehouse;
  readonly receiver: Receiver;
  readonly temporal: TemporalServer;
  readonly configuration: Configuration;
  readonly client: SluiceClient;
  /** Rejects when the worker fails; resolves when it has stopped. */
  readonly workerFinished: Promise<void>;
  /** Stops what was started, the last first. */
  stop(): Promise<void>;
}

/** Starts a warehouse, a destination, Temporal and a worker on this machine; their data is kept in `folder` and found again by the next start. */
export async function startParts(kind: WarehouseKind, folder: string, log: (line: string) => void): Promise<Parts> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const stopPart of stops.splice(0).reverse()) await stopPart();
  };
  Runtime.install({ logger: new WorkerLogger('WARN') }); // a worker's life would drown what the demo tells
  try {
    await mkdir(folder, { recursive: true });
    const warehouse = await warehouses[kind].start(folder, log);
    stops.push(() => warehouse.stop());
    const receiver = await startReceiver({ port: await rememberedPort(folder), file: resolve(folder, 'received.jsonl') });
    stops.push(() => receiver.close());
    await writeFile(portFile(folder), new URL(receiver.url).port);
    const temporal = await startTemporal({ stateFile: resolve(folder, 'temporal.db'), cacheFolder: defaultCacheFolder(), log });
    stops.push(() => temporal.stop());

    const env = { ...process.env, ...warehouse.env, CRM_URL: receiver.url };
    const configuration = await demoConfiguration(kind, folder, env);
    const { address, namespace } = temporal;
    const client = await SluiceClient.connect({ address, namespace });
    stops.push(() => client.close());
    const worker = await startWorker({ configuration, env, address, namespace });
    stops.push(() => worker.stop());
    return { warehouse, receiver, temporal, configuration, client, workerFinished: worker.finished, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function demoConfiguration(kind: WarehouseKind, folder: string, env: NodeJS.ProcessEnv): Promise<Configuration> {
  const configuration = await loadConfiguration(fileURLToPath(new URL(warehouses[kind].file, import.meta.url)), env);
  return { ...configuration, staging: { type: 'local', path: resolve(folder, 'staging'), retainMs: 3_600_000, waitForHostMs: 300_000, encryption: null } };
}

function portFile(folder: string): string {
  return resolve(folder, 'receiver-port');
}

/** The receiver keeps its address: one with another would be another destination, which has received nothing yet. */
async function rememberedPort(folder: string): Promise<number> {
  return existsSync(portFile(folder)) ? Number(await readFile(portFile(folder), 'utf8')) : 0;
}
