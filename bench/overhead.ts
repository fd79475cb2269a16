import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pg from 'pg';
import { SluiceClient } from '../src/client/index.js';
import { syncRunWorkflowId } from '../src/contract/names.js';
import { defaultCacheFolder } from '../src/devserver/temporal-cli.js';
import { startTemporal } from '../src/devserver/temporal.js';
import { startWorker } from '../src/worker/worker.js';
import { configurationOf, customersTo, stateSchema } from './configuration.js';

export interface OverheadOptions {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly runs: number;
  readonly log: (line: string) => void;
}

const warmUps = 5;

/** How long a sync takes that has nothing to do, on a real Temporal server with a real worker: from the request to the end of its workflow, in ms, once for each run. */
export async function measureOverhead(options: OverheadOptions): Promise<readonly number[]> {
  const { databaseUrl, folder, runs, log } = options;
  Runtime.install({ logger: new DefaultLogger('WARN') }); // a worker's life would drown the figures
  const temporal = await startTemporal({ port: 0, headless: true, cacheFolder: defaultCacheFolder(), log });
  const { address, namespace } = temporal;
  const subscription = customersTo('select 1::bigint as id, now() as updated_at where false', null, 'nothing_to_crm');
  const configuration = configurationOf({ databaseUrl, receiverUrl: 'http://127.0.0.1:9/', stagingFolder: join(folder, 'staging') }, subscription);
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
      const { syncId, status } = await client.waitForSync(subscription.id, answer.request);
      if (syncId === null || status !== 'succeeded') throw new Error(`a sync of nothing ended as ${status}`);
      const { closeTime } = await workflows.getHandle(syncRunWorkflowId(subscription.id, Number(syncId.split('-').at(-1)))).describe();
      if (closeTime !== undefined && run >= warmUps) found.push(closeTime.getTime() - requestedAt);
    }
    log(`${found.length} syncs of an empty model`);
    return found;
  } finally {
    await Promise.all([client.close(), connection.close()]);
    await worker.stop();
    await temporal.stop();
    await dropState(databaseUrl);
  }
}

async function dropState(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${stateSchema} CASCADE`);
  await client.end();
}
