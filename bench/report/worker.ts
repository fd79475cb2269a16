import type { WorkerSample } from '../worker/run.js';
import { against, thousands, wholeMegabytes } from './format.js';
import type { Section } from './section.js';

/** What a worker may take at most with any warehouse, in MB (issue 7). */
const limit = 350;

export function workerSection(samples: readonly WorkerSample[]): Section {
  return {
    title: 'A worker\'s memory through whole syncs',
    sentences: ['The largest resident size of `sluice worker`, built, with the default settings and nothing else to do, in MB: once it has started, in a first sync to a webhook, and in one that finds nothing changed. Snowflake is the protocol server of the tests, whose speed is its own.'],
    head: ['warehouse', 'started', 'records', 'highest', 's'],
    rows: samples.flatMap(({ warehouse, started, syncs }) => syncs.map(({ processed, peak, seconds }) => [warehouse, String(wholeMegabytes(started)), thousands(processed), against({ most: limit }, wholeMegabytes(peak), 0), seconds.toFixed(0)])),
    notes: [],
  };
}
