import { join } from 'node:path';
import pg from 'pg';
import type { SyncRef } from '../../src/warehouses/warehouse.js';
import { stateSchema, type Places } from '../configuration.js';
import { Customers } from '../extract/customers.js';
import type { Cost, Meter } from '../meter.js';
import { eightFields, mapAndPost, mapLines, postBodies } from './floors.js';
import { startReceiver } from './receiver-process.js';
import { mappingTo, packageAlone, packageWebhook } from './segment.js';
import { asBody, asLines, prepareSlices, type Form, type Slices, type StagedPart } from './slices.js';
import { loadAll, staged, type Delivered } from './staged.js';
import { copyAndMerge, emptyTable, tableAt } from './table.js';

export const webhookSenders = { sluice: 'Sluice, no mapping', post: 'plain client, ready bodies' } as const;

export const senders = {
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

interface Turn {
  readonly sender: string;
  readonly measure: () => Promise<Cost>;
}

const batchSize = 500;
export const connections = 4;

/** What a contest is held with. */
interface Ground {
  readonly meter: Meter;
  readonly places: Places;
  /** What was staged, for the plain programs to read. */
  readonly slices: Slices;
}

/** A load of a webhook without a mapping, beside the least that any sender can do. These two need so little of each record that they are measured apart, with more records. */
export function measureWebhook(meter: Meter, options: DeliveryOptions): Promise<DeliveryMeasurement> {
  return holdContests(meter, options, asBody, ({ places, slices }) => [
    [
      { sender: webhookSenders.sluice, measure: () => measureSluice(meter, places) },
      { sender: webhookSenders.post, measure: () => costOf(meter, () => postBodies(places.receiverUrl, slices, connections)) },
    ],
  ]);
}

/** Loads that touch every record, each beside a plain program that does the same to it. */
export function measureDelivery(meter: Meter, options: DeliveryOptions): Promise<DeliveryMeasurement> {
  return holdContests(meter, options, asLines, (ground) => [mappedTurns(ground), tableTurns(ground), segmentTurns(ground)]);
}

function mappedTurns({ meter, places, slices }: Ground): readonly Turn[] {
  return [
    { sender: senders.sluiceMapped, measure: () => measureSluice(meter, places, { mapping: eightFields }) },
    { sender: senders.mapAndPost, measure: () => costOf(meter, () => mapAndPost(places.receiverUrl, slices, connections)) },
    { sender: senders.map, measure: () => costOf(meter, () => mapLines(slices)) },
  ];
}

function tableTurns({ meter, places, slices }: Ground): readonly Turn[] {
  const { databaseUrl } = places;
  return [
    { sender: senders.sluiceTable, measure: () => emptyTable(databaseUrl).then(() => measureSluice(meter, places, { destination: tableAt(databaseUrl) })) },
    { sender: senders.table, measure: () => emptyTable(databaseUrl).then(() => costOf(meter, () => copyAndMerge(databaseUrl, slices, connections))) },
  ];
}

function segmentTurns({ meter, places, slices }: Ground): readonly Turn[] {
  const { receiverUrl } = places;
  return [
    { sender: senders.sluiceSegment, measure: () => measureSluice(meter, places, { mapping: mappingTo(receiverUrl), destination: packageWebhook() }) },
    { sender: senders.segment, measure: () => costOf(meter, () => packageAlone(receiverUrl, slices, connections)) },
  ];
}

/**
 * All against one receiver in a process of its own. One contest comes after the other, so that nobody is measured with what another contest has left in this process:
 * Segment's package alone is a large part of its memory.
 */
async function holdContests(meter: Meter, options: DeliveryOptions, form: Form, contestsOn: (ground: Ground) => readonly (readonly Turn[])[]): Promise<DeliveryMeasurement> {
  const { databaseUrl, folder, rows } = options;
  const customers = await Customers.create(databaseUrl, rows);
  const receiver = await startReceiver();
  const places = { databaseUrl, receiverUrl: receiver.url, stagingFolder: join(folder, 'staging') };
  const samples: DeliverySample[] = [];
  try {
    const slices = await prepare(places, join(folder, 'slices'), form);
    for (const turns of contestsOn({ meter, places, slices })) samples.push(...(await takeTurns(turns, options)));
    return { records: rows, samples };
  } finally {
    await receiver.stop();
    await customers.drop();
  }
}

/** Who begins changes from run to run. A first round isn't counted: a worker runs for weeks, and in a process's first seconds everyone waits for the compiler. */
async function takeTurns(turns: readonly Turn[], { rows, runs, log }: DeliveryOptions): Promise<readonly DeliverySample[]> {
  for (const { measure } of turns) await measure();
  const samples: DeliverySample[] = [];
  for (let run = 0; run < runs; run++) {
    for (const { sender, measure } of run % 2 === 0 ? turns : turns.toReversed()) {
      const cost = await measure();
      samples.push({ sender, cost });
      log(`${rows} records, run ${run + 1} of ${runs}: ${sender}: ${Math.round(rows / cost.seconds)} records/s`);
    }
  }
  return samples;
}

/** Stages everything once, for the plain programs to read. */
async function prepare(places: Places, file: string, form: Form): Promise<Slices> {
  return staged(places, {}, async ({ sync }, _, steps) => {
    await steps.close();
    const files = await stagedFiles(places.databaseUrl, sync);
    return prepareSlices({ stagingFolder: places.stagingFolder, files }, file, batchSize, form);
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

async function measureSluice(meter: Meter, places: Places, delivered: Delivered = {}): Promise<Cost> {
  return staged(places, delivered, (sync, chunks, steps) =>
    costOf(meter, async () => {
      await loadAll(steps, sync, chunks, connections);
    }),
  );
}

async function costOf(meter: Meter, work: () => Promise<void>): Promise<Cost> {
  return (await meter.measure(work)).cost;
}
