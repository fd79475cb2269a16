import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeliveryMeasurement } from './delivery/run.js';
import type { ExtractMeasurement } from './extract/run.js';
import type { Memory } from './memory.js';
import type { WorkerSample } from './worker/run.js';

const folder = 'bench/results';

/** What is measured apart, each kept in a file of its own, so that the document can be made of parts that were measured at different times. */
export type Measured =
  | { readonly part: 'extract'; readonly measurement: ExtractMeasurement }
  | { readonly part: 'webhook'; readonly measurement: DeliveryMeasurement }
  | { readonly part: 'delivery'; readonly measurement: DeliveryMeasurement }
  | { readonly part: 'memory'; readonly measurement: readonly Memory[] }
  | { readonly part: 'overhead'; readonly measurement: readonly number[] }
  | { readonly part: 'quota'; readonly measurement: readonly number[] }
  | { readonly part: 'worker'; readonly measurement: readonly WorkerSample[] };

/** A measurement, and how it was made. */
export type Result = Measured & { readonly command: string; readonly machine: readonly string[] };

/** Takes the place of an earlier result of the same part and size. */
export async function keep(result: Result): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${nameOf(result)}.json`), `${JSON.stringify(result)}\n`);
}

function nameOf(result: Result): string {
  return result.part === 'extract' ? `extract-${result.measurement.rows}` : result.part;
}

/** Every kept result; extracts by size. */
export async function readResults(): Promise<readonly Result[]> {
  const names = await readdir(folder);
  const results = await Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Result)); // written by keep
  const size = (result: Result): number => (result.part === 'extract' ? result.measurement.rows : 0);
  return results.toSorted((one, other) => size(one) - size(other));
}
