import { quantile } from '../statistics.js';
import { against, spread } from './format.js';
import type { Section } from './section.js';

/** The most that a sync of nothing may take, in ms (issue 4, "Fast"). */
const limit = 300;

export function overheadSection(milliseconds: readonly number[]): Section {
  return {
    title: 'A sync of nothing',
    sentences: ['A manual sync of an empty model, from the request to the end of its workflow, on a Temporal dev server and one worker on the same machine: the time that is Sluice\'s own.'],
    head: ['syncs', 'ms, median (least–most)', '95th percentile, ms', 'limit'],
    rows: [[String(milliseconds.length), spread(milliseconds, 0), quantile(milliseconds, 0.95).toFixed(0), against({ most: limit }, quantile(milliseconds, 0.5), 0)]],
    notes: ['It holds the workflow\'s steps with Temporal\'s round trips, and some twenty short statements in the warehouse.'],
  };
}
