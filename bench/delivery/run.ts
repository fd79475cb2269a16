import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { StepInput } from '../../activities/types.js';
import type { DestinationConfig } from '../../src/config/index.js';
import type { JsonObject } from '../../src/domain/subscription.js';
import type { SyncRef } from '../../src/warehouses/warehouse.js';
import { configurationOf, customersTo, stateSchema, type Places } from '../configuration.js';
import { Customers } from '../extract/customers.js';
import type { Cost, Meter } from '../meter.js';
import { createSteps, type Steps } from '../steps.js';
import { eightFields, mapAndPost, mapLines, postBodies } from './floors.js';
import { startReceiver } from './receiver-process.js';
import { mappingTo, packageAlone, packageWebhook } from './segment.js';
import { prepareSlices, type Prepared, type StagedPart } from './slices.js';
import { copyAndMerge, emptyTable, tableAt } from './table.js';

export const senders = {
  sluice: 'Sluice, no mapping',
  post: 'plain client, ready bodies',
  sluiceMapped: 'Sluice, eight fields mapped',
  mapAndPost: 'plain client, parse, build, stringify, post',
  map: 'parse, build, stringify, nothing sent',
  sluiceTable: 'Sluice, to a PostgreSQL table',
  table: 'COPY and MERGE by hand',
  sluiceSegment: "Sluice, to the package's webhook",
  segment: 'the package alone',
} as const;

export interface DeliverySample {
  readonly sender: string;
  readonly cost: Cost;
}

export interface DeliveryMeasurement {
  readonly records: number;
  readonly samples: readonly DeliverySample[];
}

export interface DeliveryOptions {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly rows: number;
  readonly runs: number;
  readonly log: (line: string) => void;
}

const batchSize = 500;
const connections = 4;

/** Sluice's loads beside plain programs, all against one receiver in a process of its own, taking turns. */
export async function measureDelivery(meter: Meter, options: DeliveryOptions): Promise<DeliveryMeasurement> {
  const { databaseUrl, folder, rows, runs, log } = options;
  const customers = await Customers.create(databaseUrl, rows);
  const receiver = await startReceiver();
  const places = { databaseUrl, receiverUrl: receiver.url, stagingFolder: join(folder, 'staging') };
  const samples: DeliverySample[] = [];
  try {
    const { bodies, lines } = await prepare(places, folder);
    const turns: readonly { readonly sender: string; readonly measure: () => Promise<Cost> }[] = [
      { sender: senders.sluice, measure: () => measureSluice(meter, places) },
      { sender: senders.post, measure: () => costOf(meter, () => postBodies(receiver.url, bodies, connections)) },
      { sender: senders.sluiceMapped, measure: () => measureSluice(meter, places, { mapping: eightFields }) },
      { sender: senders.mapAndPost, measure: () => costOf(meter, () => mapAndPost(receiver.url, lines, connections)) },
      { sender: senders.map, measure: () => costOf(meter, () => mapLines(lines)) },
      { sender: senders.sluiceTable, measure: () => emptyTable(databaseUrl).then(() => measureSluice(meter, places, { destination: tableAt(databaseUrl) })) },
      { sender: senders.table, measure: () => emptyTable(databaseUrl).then(() => costOf(meter, () => copyAndMerge(databaseUrl, lines, connections))) },
      { sender: senders.sluiceSegment, measure: () => measureSluice(meter, places, { mapping: mappingTo(receiver.url), destination: packageWebhook() }) },
      { sender: senders.segment, measure: () => costOf(meter, () => packageAlone(receiver.url, lines, connections)) },
    ];
    for (let run = 0; run < runs; run++) {
      for (const { sender, measure } of turns) {
        const cost = await measure();
        samples.push({ sender, cost });
        log(`${rows} records, run ${run + 1} of ${runs}: ${sender}: ${Math.round(rows / cost.seconds)} records/s`);
      }
    }
    return { records: rows, samples };
  } finally {
    await receiver.stop();
    await customers.drop();
  }
}

/** Stages everything once, for the plain programs to read. */
async function prepare(places: Places, folder: string): Promise<Prepared> {
  return staged(places, {}, async (_steps, { sync }) => {
    const files = await stagedFiles(places.databaseUrl, sync);
    return prepareSlices({ stagingFolder: places.stagingFolder, files }, folder, batchSize);
  });
}

/** Where the staged chunks are, as the warehouse knows them. */
async function stagedFiles(databaseUrl: string, { subscriptionId, number }: SyncRef): Promise<readonly StagedPart[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const found = await client.query<{ chunk: number; name: string; sha256: string }>(`SELECT chunk, file AS name, sha256 FROM ${stateSchema}.chunks_${subscriptionId} WHERE sync = $1 ORDER BY chunk`, [number]);
  await client.end();
  return found.rows.map(({ chunk, name, sha256 }) => ({ place: { subscriptionId, syncNumber: number, chunk }, file: { name, sha256 } }));
}

interface Delivered {
  readonly mapping?: JsonObject;
  readonly destination?: DestinationConfig;
}

async function measureSluice(meter: Meter, places: Places, delivered: Delivered = {}): Promise<Cost> {
  return staged(places, delivered, async (steps, sync, chunks) => {
    const waiting = [...chunks];
    const loader = async (): Promise<void> => {
      for (let chunk = waiting.shift(); chunk !== undefined; chunk = waiting.shift()) await steps.load(sync, chunk);
    };
    return costOf(meter, async () => {
      await Promise.all(Array.from({ length: connections }, loader));
      await steps.close();
    });
  });
}

/** Runs a first sync up to its staged chunks, and forgets it after `use`. */
async function staged<T>(places: Places, { mapping, destination }: Delivered, use: (steps: Steps, sync: StepInput, chunks: readonly number[]) => Promise<T>): Promise<T> {
  const subscription = customersTo('select * from customers', mapping ?? null);
  const configuration = configurationOf(places, subscription, destination);
  await forget(places);
  const extracting = createSteps(configuration, subscription);
  const sync = await extracting.open(randomUUID());
  const { toSend } = await extracting.diff(sync);
  const chunks = await extracting.stage(sync, toSend);
  await extracting.close();
  try {
    return await use(createSteps(configuration, subscription), sync, chunks);
  } finally {
    await forget(places);
  }
}

async function forget(places: Places): Promise<void> {
  const client = new pg.Client({ connectionString: places.databaseUrl });
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${stateSchema} CASCADE`);
  await client.end();
  await rm(places.stagingFolder, { recursive: true, force: true });
}

async function costOf(meter: Meter, work: () => Promise<void>): Promise<Cost> {
  return (await meter.measure(work)).cost;
}
