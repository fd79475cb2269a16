import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pg from 'pg';
import { SluiceClient } from '../src/client/index.js';
import { syncRunWorkflowId } from '../src/contract/names.js';
import { defaultCacheFolder } from '../src/devserver/temporal-cli.js';
import { startTemporal } from '../src/devserver/temporal.js';
import type { Subscription } from '../src/domain/subscription.js';
import { startWorker } from '../src/worker/worker.js';
import { configurationOf, stateSchema } from './configuration.js';

export interface RunningOptions {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly runs: number;
  readonly log: (line: string) => void;
}

type SyncRun = ReturnType<Client['workflow']['getHandle']>;

const warmUps = 5;
let installed = false;

/** Runs a manual subscription many times, on a real Temporal server with a real worker, and takes a figure from the workflow of each sync, in ms. */
export async function measureSyncs(options: RunningOptions, subscription: Subscription, receiverUrl: string, figureOf: (run: SyncRun, requestedAt: number) => Promise<number>): Promise<readonly number[]> {
  const { databaseUrl, folder, runs, log } = options;
  if (!installed) Runtime.install({ logger: new DefaultLogger('WARN') }); // a worker's life would drown the figures
  installed = true;
  const temporal = await startTemporal({ port: 0, headless: true, cacheFolder: defaultCacheFolder(), log });
  const { address, namespace } = temporal;
  const configuration = configurationOf({ databaseUrl, receiverUrl, stagingFolder: join(folder, 'staging') }, subscription);
  const worker = await startWorker({ configuration, env: {}, address, namespace });
  const connection = await Connection.connect({ address });
  const client = await SluiceClient.connect({ address, namespace });
  try {
    await client.apply(configuration);
    const workflows = new Client({ connection, namespace }).workflow;
    const found: number[] = [];
    for (let run = 0; run < warmUps + runs; run++) {
      const requestedAt = Date.now();
      const answer = await client.requestSync(subscription.id);
      if (!answer.accepted) throw new Error(`the sync was refused: ${answer.reason}`);
      const sync = workflows.getHandle(syncRunWorkflowId(subscription.id, run + 1));
      await ended(sync);
      const figure = await figureOf(sync, requestedAt);
      if (run >= warmUps) found.push(figure);
    }
    log(`${found.length} syncs of ${subscription.id}`);
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

async function dropState(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${stateSchema} CASCADE`);
  await client.end();
}
