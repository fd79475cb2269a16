import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceClient } from '../../src/client/index.js';
import type { GuardedProcess } from '../../src/devserver/guarded-process.js';
import { defaultCacheFolder } from '../../src/devserver/temporal-cli.js';
import { startTemporal, type TemporalServer } from '../../src/devserver/temporal.js';
import { sluiceYaml } from '../configuration.js';
import { startReceiver } from '../delivery/receiver-process.js';
import { startInstalledWorker } from '../installed-worker.js';
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

async function measureWorker(warehouse: WarehouseName, { config, identifier }: MeasuredSource, receiverUrl: string, temporal: TemporalServer, { folder, log }: WorkerOptions): Promise<WorkerSample> {
  const id = `${subscriptionId}_${warehouse}`;
  const worker = await startInstalledWorker(join(folder, `worker-${warehouse}`), sluiceYaml({ id, source: config, identifier, query: 'SELECT * FROM customers', receiverUrl }), temporal);
  const client = await SluiceClient.connect(temporal);
  try {
    const started = await peakOf(worker.process);
    await client.apply(worker.configuration);
    const syncs: WorkerSample['syncs'][number][] = [];
    for (let sync = 0; sync < 2; sync++) {
      await forgetPeak(worker.process);
      const begun = performance.now();
      const { processed } = await syncOnce(client, id);
      syncs.push({ processed, seconds: (performance.now() - begun) / 1000, peak: await peakOf(worker.process) });
      log(`${warehouse}: sync ${sync + 1} of ${processed} records: ${JSON.stringify(syncs.at(-1))}`);
    }
    return { warehouse, started, syncs };
  } finally {
    await client.close();
    await worker.stop();
  }
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
