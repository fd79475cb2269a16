import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SluiceClient } from '../../src/client/index.js';
import { loadConfiguration } from '../../src/config/index.js';
import { startGuarded, type GuardedProcess } from '../../src/devserver/guarded-process.js';
import { defaultCacheFolder } from '../../src/devserver/temporal-cli.js';
import { startTemporal, type TemporalServer } from '../../src/devserver/temporal.js';
import { startReceiver } from '../delivery/receiver-process.js';
import { openSource, type MeasuredSource, type SourceOptions, type WarehouseName } from './sources.js';

/** The largest resident size of one worker process, as the system saw it, in bytes. */
export interface WorkerSample {
  readonly warehouse: WarehouseName;
  /** Before its first sync. */
  readonly started: number;
  readonly syncs: readonly { readonly processed: number; readonly seconds: number; readonly peak: number }[];
}

export interface WorkerOptions extends SourceOptions {
  readonly warehouses: readonly WarehouseName[];
  readonly log: (line: string) => void;
}

const subscriptionId = 'customers_to_crm';

/**
 * What a worker takes for a first sync of everything, and for one that finds nothing changed: `sluice worker` as it is installed, with the default settings, each warehouse by a worker
 * of its own, sending to a receiver in another process. Linux only, whose /proc tells the largest size.
 */
export async function measureWorkers(options: WorkerOptions): Promise<readonly WorkerSample[]> {
  await promisify(execFile)('npm', ['run', 'build']);
  const temporal = await startTemporal({ port: 0, headless: true, cacheFolder: defaultCacheFolder(), log: options.log });
  const receiver = await startReceiver();
  const samples: WorkerSample[] = [];
  try {
    for (const warehouse of options.warehouses) {
      const source = await openSource[warehouse](options);
      try {
        samples.push(await measureWorker(warehouse, source, receiver.url, temporal, options));
      } finally {
        await source.close();
      }
    }
  } finally {
    await receiver.stop();
    await temporal.stop();
  }
  return samples;
}

async function measureWorker(warehouse: WarehouseName, source: MeasuredSource, receiverUrl: string, { address, namespace }: TemporalServer, { folder, log }: WorkerOptions): Promise<WorkerSample> {
  const place = join(folder, `worker-${warehouse}`);
  await mkdir(place, { recursive: true });
  const file = join(place, 'sluice.yaml');
  const id = `${subscriptionId}_${warehouse}`;
  await writeFile(file, JSON.stringify(sluiceYaml(id, source, receiverUrl))); // JSON is YAML
  const worker = startGuarded({ command: process.execPath, args: [resolve('dist/src/cli/main.js'), 'worker', '--config', file, '--address', address, '--namespace', namespace], abandonedSignal: 'SIGKILL' });
  const client = await SluiceClient.connect({ address, namespace });
  try {
    await untilStarted(worker);
    const started = await peakOf(worker);
    await client.apply(await loadConfiguration(file, process.env));
    const syncs: WorkerSample['syncs'][number][] = [];
    for (let sync = 0; sync < 2; sync++) {
      await forgetPeak(worker);
      const begun = performance.now();
      const { processed } = await syncOnce(client, id);
      syncs.push({ processed, seconds: (performance.now() - begun) / 1000, peak: await peakOf(worker) });
      log(`${warehouse}: sync ${sync + 1} of ${processed} records: ${JSON.stringify(syncs.at(-1))}`);
    }
    return { warehouse, started, syncs };
  } finally {
    await client.close();
    await worker.stop();
    await rm(place, { recursive: true });
  }
}

function sluiceYaml(id: string, source: MeasuredSource, receiverUrl: string): unknown {
  return {
    workspace: { id: 'bench', plan: { custom: { records: 1_000_000_000 } } },
    sources: { warehouse: source.config },
    models: { customers: { source: 'warehouse', query: 'SELECT * FROM customers', identifier: source.identifier } },
    destinations: { crm: { type: 'webhook', url: receiverUrl } },
    subscriptions: { [id]: { model: 'customers', destination: 'crm', syncMode: 'mirror', schedule: 'manual' } },
  };
}

async function untilStarted(worker: GuardedProcess): Promise<void> {
  while (!worker.lastOutput().includes('worker started')) {
    if (!worker.isRunning()) throw new Error(`the worker ended at once:\n${worker.lastOutput()}`);
    await sleep(100);
  }
  await sleep(2000); // until it has nothing left to load
}

async function syncOnce(client: SluiceClient, id: string) {
  const answer = await client.requestSync(id);
  if (!answer.accepted) throw new Error(`the sync was refused: ${answer.reason}`);
  const result = await client.waitForSync(id, answer.request);
  if (result.status !== 'succeeded') throw new Error(`the sync ended as ${result.status}: ${result.error ?? ''}`);
  return result;
}

async function peakOf({ pid }: GuardedProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** From here on the largest size counts anew. */
async function forgetPeak({ pid }: GuardedProcess): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}
