import { quantile } from '../statistics.js';
import { against, spread } from './format.js';
import type { Section } from './section.js';

/** The most that the quota may add to a sync, in ms (issue 6). */
const limit = 50;

export function quotaSection(milliseconds: readonly number[]): Section {
  return {
    title: 'The quota\'s share of a sync',
    sentences: ['What a sync of one record waits for its workspace\'s ledger, on a Temporal dev server and one worker on the same machine: for the grant, and until its report has arrived.'],
    head: ['syncs', 'ms, median (least–most)', '95th percentile, ms', 'limit'],
    rows: [[String(milliseconds.length), spread(milliseconds, 0), quantile(milliseconds, 0.95).toFixed(0), against({ most: limit }, quantile(milliseconds, 0.5), 0)]],
    notes: ['Read from the histories of the syncs: what lies between the diff and the staging, less what lies between the staging and the load; with what two messages to the ledger take, beside. A sync that has nothing to send asks the ledger for nothing.'],
  };
}
