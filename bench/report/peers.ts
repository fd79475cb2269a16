import { contenderNames, situations, type ExtractMeasurement, type Situation } from '../extract/run.js';
import { ratios, spreadOf } from '../statistics.js';
import { samplesOf } from './extract.js';
import { against, spread, thousands } from './format.js';
import type { Section } from './section.js';

/** How many times as long as Sluice a peer's second sync must take, at this many rows (issue 4, "Fast"). */
const leastLead = 5;
const rowsOfLimit = 1_000_000;

/** Published programs on the same data in the same run. Null when none ran. */
export function peersSection(measurement: ExtractMeasurement): Section | null {
  const ours: readonly string[] = contenderNames;
  const peers = [...new Set(measurement.samples.map(({ contender }) => contender))].filter((name) => !ours.includes(name));
  if (peers.length === 0) return null;
  const secondsOf = (name: string, situation: Situation): number[] => samplesOf(measurement, name, situation).map(({ extract }) => extract.seconds);
  const rows = peers.map((peer) => {
    const leads = situations.map((situation) => {
      const lead = spreadOf(ratios(secondsOf(peer, situation), secondsOf(contenderNames[0], situation))).median;
      return situation === 'W2' && measurement.rows === rowsOfLimit ? against({ least: leastLead }, lead, 1) : lead.toFixed(1);
    });
    return [peer, ...situations.map((situation) => spread(secondsOf(peer, situation), 1)), ...leads];
  });
  return {
    title: `Peers, ${thousands(measurement.rows)} rows`,
    sentences: ['What others take to find the same changes, one run of their command each, installed from PyPI by `--peers`. The last three columns: how many times as long as Sluice\'s extract.'],
    head: ['who', 'W1, s', 'W2, s', 'W3, s', 'W1', 'W2', 'W3'],
    rows,
    notes: [
      '**dbt snapshot** (dbt-core 1.10) compares every column and marks deletions; it sends and stages nothing.',
      '**drt diff** (drt-core 1.2.1, `incremental_strategy: diff`) keeps a copy of the model as a table, compares with it and reads what changed; it makes no JSON and stages nothing here. Its state is the whole model.',
    ],
  };
}
