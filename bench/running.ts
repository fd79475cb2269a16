import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, type WorkflowClient } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { SluiceClient } from '../src/client/index.js';
import { syncRunWorkflowId } from '../src/contract/names.js';
import { defaultCacheFolder } from '../src/devserver/temporal-cli.js';
import { startTemporal } from '../src/devserver/temporal.js';
import { sluiceYaml } from './configuration.js';
import { dropState } from './drop-state.js';
import { startInstalledWorker } from './installed-worker.js';

export interface RunningOptions {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly runs: number;
  readonly log: (line: string) => void;
}

type SyncRun = ReturnType<WorkflowClient['getHandle']>;

export interface MeasuredSyncs {
  /** The subscription's id. */
  readonly id: string;
  /** A query with a column `id`. */
  readonly query: string;
  readonly receiverUrl: string;
  /** Takes a figure from the workflow of a sync that has ended, in ms. */
  readonly figureOf: (run: SyncRun, requestedAt: number, workflows: WorkflowClient) => Promise<number>;
}

const warmUps = 5;

/** Runs a manual subscription many times, on a real Temporal server with a worker as it is installed, and takes a figure from each sync, in ms. */
export async function measureSyncs({ databaseUrl, folder, runs, log }: RunningOptions, { id, query, receiverUrl, figureOf }: MeasuredSyncs): Promise<readonly number[]> {
  const temporal = await startTemporal({ port: 0, headless: true, cacheFolder: defaultCacheFolder(), log });
  const { address, namespace } = temporal;
  const worker = await startInstalledWorker(join(folder, id), sluiceYaml({ id, source: { type: 'postgres', url: databaseUrl }, query, identifier: 'id', receiverUrl }), temporal);
  const connection = await Connection.connect({ address });
  const client = await SluiceClient.connect({ address, namespace });
  try {
    await client.apply(worker.configuration);
    const workflows = new Client({ connection, namespace }).workflow;
    const found: number[] = [];
    for (let run = 0; run < warmUps + runs; run++) {
      const requestedAt = Date.now();
      const answer = await client.requestSync(id);
      if (!answer.accepted) throw new Error(`the sync was refused: ${answer.reason}`);
      const sync = workflows.getHandle(syncRunWorkflowId(id, run + 1));
      await ended(sync);
      const figure = await figureOf(sync, requestedAt, workflows);
      if (run >= warmUps) found.push(figure);
    }
    log(`${found.length} syncs of ${id}`);
    return found;
  } finally {
    await Promise.all([client.close(), connection.close()]);
    await worker.stop();
    await temporal.stop();
    await dropState(databaseUrl);
  }
}

/** Waits on the server alone: a question for the status is answered by the worker, which the sync needs. */
async function ended(sync: SyncRun): Promise<void> {
  for (;;) {
    try {
      await sync.result();
      return;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await sleep(5);
    }
  }
}
