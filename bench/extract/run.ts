import { join } from 'node:path';
import { bare } from '../floors/bare.js';
import { sameDuties } from '../floors/same-duties.js';
import type { Cost, Meter } from '../meter.js';
import type { Contender, Extraction } from './contender.js';
import { Customers, type Changes } from './customers.js';
import { Floor } from './floor.js';
import type { Memory } from '../memory.js';
import { measureMemory } from './memory.js';
import { SluiceExtract } from './sluice.js';

/** W1: nothing is known yet. W2: 1% updated, 0.1% added, 0.1% deleted. W3: nothing changed. */
export const situations = ['W1', 'W2', 'W3'] as const;
export type Situation = (typeof situations)[number];

export const contenderNames = ['Sluice', 'floor, same duties', 'floor, bare'] as const;

/** One measured extract and the settlement after it. */
export interface ExtractSample {
  readonly run: number;
  readonly contender: string;
  readonly situation: Situation;
  readonly extract: Cost;
  readonly settle: Cost;
  readonly stagedRecords: number;
  readonly stagedBytes: number;
  readonly stateBytes: number;
}

export interface ExtractMeasurement {
  readonly rows: number;
  readonly rowBytes: number;
  readonly memory: Memory;
  readonly samples: readonly ExtractSample[];
}

export interface ExtractOptions {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly rows: number;
  readonly runs: number;
  /** Others that run on the same data, in the same turns. */
  readonly peers: readonly Contender[];
  readonly log: (line: string) => void;
}

/** All contenders on the same data, taking turns; who begins changes from run to run. */
export async function measureExtract(meter: Meter, options: ExtractOptions): Promise<ExtractMeasurement> {
  const { databaseUrl, folder, rows, runs, peers, log } = options;
  const customers = await Customers.create(databaseUrl, rows);
  const contenders: readonly Contender[] = [
    new SluiceExtract({ databaseUrl, stagingFolder: join(folder, 'staging') }),
    new Floor(contenderNames[1], databaseUrl, join(folder, 'floor-1.jsonl'), sameDuties),
    new Floor(contenderNames[2], databaseUrl, join(folder, 'floor-2.jsonl'), bare),
    ...peers,
  ];
  const samples: ExtractSample[] = [];
  try {
    for (let run = 0; run < runs; run++) {
      for (const contender of contenders) await contender.reset();
      for (const situation of situations) {
        const changes = situation === 'W1' ? null : situation === 'W2' ? await customers.change() : nothing;
        const found: ExtractSample[] = [];
        for (const contender of rotated(contenders, run)) {
          const { sample, extraction } = await measureOne(meter, contender, run, situation);
          samples.push(sample);
          if (extraction !== null && contender.name !== contenderNames[2]) found.push(sample);
          if (extraction !== null && changes !== null) checkFound(contender, extraction, changes);
          log(`${rows} rows, run ${run + 1} of ${runs}, ${situation}: ${contender.name} ${sample.extract.seconds.toFixed(2)} s, settled in ${sample.settle.seconds.toFixed(2)} s`);
        }
        checkSameEvents(found, situation);
        await customers.tidy();
      }
    }
    for (const contender of contenders) await contender.reset();
    return { rows, rowBytes: await customers.averageRowBytes(), memory: await measureMemory(databaseUrl, join(folder, 'staging')), samples };
  } finally {
    await customers.drop();
  }
}

async function measureOne(meter: Meter, contender: Contender, run: number, situation: Situation): Promise<{ sample: ExtractSample; extraction: Extraction | null }> {
  await contender.begin();
  const extract = await meter.measure(() => contender.extract());
  const stagedBytes = await contender.stagedBytes();
  await contender.acknowledge();
  const settle = await meter.measure(() => contender.settle());
  const extraction = extract.result;
  const sample = {
    run,
    contender: contender.name,
    situation,
    extract: extract.cost,
    settle: settle.cost,
    stagedRecords: extraction?.staged ?? 0,
    stagedBytes,
    stateBytes: await contender.stateBytes(),
  };
  return { sample, extraction };
}

function rotated<T>(all: readonly T[], by: number): readonly T[] {
  return [...all.slice(by % all.length), ...all.slice(0, by % all.length)];
}

const nothing: Changes = { added: 0, updated: 0, deleted: 0 };

/** A contender that finds less is no measure for the others. */
function checkFound(contender: Contender, found: Extraction, changes: Changes): void {
  const same = found.added === changes.added && found.updated === changes.updated && found.deleted === changes.deleted;
  if (!same) throw new Error(`${contender.name} found ${JSON.stringify(found)} where the changes were ${JSON.stringify(changes)}: its figures would mean nothing`);
}

/** Sluice and the floor with its duties stage the same events, of the same size to the byte. */
function checkSameEvents(found: readonly ExtractSample[], situation: Situation): void {
  const sizes = new Set(found.map(({ stagedRecords, stagedBytes }) => `${stagedRecords} events of ${stagedBytes} bytes`));
  if (sizes.size > 1) throw new Error(`${situation}: Sluice and the floor staged different events (${[...sizes].join('; ')}): their figures can't be compared`);
}
