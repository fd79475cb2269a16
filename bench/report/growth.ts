import { contenderNames, situations, type ExtractMeasurement, type ExtractSample, type Situation } from '../extract/run.js';
import { spreadOf } from '../statistics.js';
import { samplesOf } from './extract.js';
import { against, thousands } from './format.js';
import type { Section } from './section.js';

/** The most records that one sync extracts (source document, "Limits"). */
const farthest = 150_000_000;
/** Ten times the rows may take at most this many times as long (issue 4, "Fast"). */
const mostPerTenfold = 11;

/** How cost grows between the two largest measured sizes, and what follows for the largest allowed sync. Null when only one size was measured. */
export function growthSection(measurements: readonly ExtractMeasurement[]): Section | null {
  const [small, large] = measurements.slice(-2);
  if (small === undefined || large === undefined) return null;
  const rows = quantities.flatMap(({ name, unit, read }) =>
    situations.map((situation) => {
      const [less, more] = [small, large].map((measurement) => medianOf(measurement, situation, read)) as [number, number];
      const slope = (more - less) / (large.rows - small.rows);
      const growth = more / less;
      const judged = name === 'extract' ? against({ most: (mostPerTenfold * large.rows) / small.rows / 10 }, growth, 1) : growth.toFixed(1);
      return [situation, `${name}, ${unit}`, less.toFixed(1), more.toFixed(1), Number.isFinite(growth) ? judged : '–', thousands(more + slope * (farthest - large.rows))];
    }),
  );
  return {
    title: 'Growth, and 150 million rows',
    sentences: [
      `The same on ${thousands(small.rows)} and ${thousands(large.rows)} rows. The last column goes on along the measured slope to ${thousands(farthest)} rows, the most that one sync extracts.`,
    ],
    head: ['', 'Sluice', thousands(small.rows), thousands(large.rows), 'times as much', `at ${thousands(farthest)}`],
    rows,
    notes: ['The extrapolation is a line through two points: it knows nothing of a hash table that no longer fits into memory, or of a disk that is slower than the cache before it.'],
  };
}

const quantities: readonly { readonly name: string; readonly unit: string; readonly read: (sample: ExtractSample) => number }[] = [
  { name: 'extract', unit: 's', read: ({ extract }) => extract.seconds },
  { name: 'settle', unit: 's', read: ({ settle }) => settle.seconds },
  { name: 'WAL', unit: 'MB', read: ({ extract, settle }) => (extract.walBytes + settle.walBytes) / 1_000_000 },
  { name: 'temp files', unit: 'MB', read: ({ extract, settle }) => (extract.tempBytes + settle.tempBytes) / 1_000_000 },
  { name: 'staged files', unit: 'MB', read: ({ stagedBytes }) => stagedBytes / 1_000_000 },
  { name: 'state', unit: 'MB', read: ({ stateBytes }) => stateBytes / 1_000_000 },
];

function medianOf(measurement: ExtractMeasurement, situation: Situation, read: (sample: ExtractSample) => number): number {
  return spreadOf(samplesOf(measurement, contenderNames[0], situation).map(read)).median;
}
