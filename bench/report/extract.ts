import { contenderNames, situations, type ExtractMeasurement, type ExtractSample, type Situation } from '../extract/run.js';
import type { Cost } from '../meter.js';
import { ratios, spreadOf } from '../statistics.js';
import { against, megabytes, spread, thousands } from './format.js';
import type { Section } from './section.js';

const [sluice, floor, bareFloor] = contenderNames;

/** How many times its floor an extract may take (issue 4, "Fast"). */
const limits: Readonly<Record<Situation, number>> = { W1: 1.25, W2: 1.25, W3: 1.15 };
/** Below this what doesn't grow with the rows counts for too much. */
const rowsOfLimits = 1_000_000;

/** Extract times at one size, beside both floors. */
export function extractSection(measurement: ExtractMeasurement): Section {
  const rows = situations.flatMap((situation) =>
    contenderNames.map((contender) => {
      const samples = samplesOf(measurement, contender, situation);
      return [situation, contender, ...figures(samples), ...comparisons(measurement, contender, situation)];
    }),
  );
  return {
    title: `Extract, ${thousands(measurement.rows)} rows`,
    sentences: [
      `From preparing to staged files, on ${thousands(measurement.rows)} customers of 12 columns and ${measurement.rowBytes} bytes. Ratios are of times in the same run; the median of them counts.`,
    ],
    head: ['', 'who', 'extract, s', 'settle, s', 'PostgreSQL CPU, s', 'Node CPU, µs a staged record', 'WAL, MB', 'temp files, MB', 'peak RSS, MB', 'against the floor', 'against the bare floor'],
    rows,
    notes: [...meanings, `State kept between syncs: ${stateOf(measurement)} MB per million rows, the index included.`],
  };
}

const meanings = [
  '**W1** is a first sync: every row is new. **W2** is a second one, with 1% updated, 0.1% added and 0.1% deleted. **W3** finds nothing changed.',
  '**floor, same duties** is hand-written SQL that also finds duplicate and missing ids, checks sizes, keeps exact numbers and a durable intent, and writes the very same event lines (`bench/floors/same-duties.ts`). **floor, bare** does none of that (`bench/floors/bare.ts`).',
  '**settle** brings the state up to date after delivery. The floors build the key of a first sync where it costs them least: with duties in the extract, where it finds duplicates, bare in the settlement.',
  '**WAL** and **temp files** are those of the extract. The WAL holds the intent, which must survive a crash (ids, operations, checksums and chunks: about 90 bytes a record); the delta is unlogged. Temp files hold what did not fit into work_mem: the sort of the index that looks for repeated ids, and hash tables.',
  '**peak RSS** is that of the measuring process, which runs all contenders in turn and gives little memory back; "A worker\'s memory" has it alone.',
];

function figures(samples: readonly ExtractSample[]): string[] {
  const of = (read: (cost: Cost) => number): number[] => samples.map(({ extract }) => read(extract));
  const cpu = samples.flatMap(({ extract }) => (extract.postgresSeconds === null ? [] : [extract.postgresSeconds]));
  const perRecord = samples.flatMap(({ extract, stagedRecords }) => (stagedRecords === 0 ? [] : [(extract.nodeSeconds / stagedRecords) * 1_000_000]));
  return [
    spread(of((cost) => cost.seconds)),
    spread(samples.map(({ settle }) => settle.seconds)),
    spread(cpu),
    spread(perRecord, 1),
    megabytes(of((cost) => cost.walBytes)),
    megabytes(of((cost) => cost.tempBytes)),
    megabytes(of((cost) => cost.peakRssBytes)),
  ];
}

function comparisons(measurement: ExtractMeasurement, contender: string, situation: Situation): string[] {
  if (contender !== sluice) return ['', ''];
  const seconds = (name: string): number[] => samplesOf(measurement, name, situation).map(({ extract }) => extract.seconds);
  const own = seconds(sluice);
  const ratio = spreadOf(ratios(own, seconds(floor))).median;
  return [measurement.rows < rowsOfLimits ? ratio.toFixed(2) : against({ most: limits[situation] }, ratio), spreadOf(ratios(own, seconds(bareFloor))).median.toFixed(2)];
}

/** Samples of one contender in one situation, in the order of the runs. */
export function samplesOf(measurement: ExtractMeasurement, contender: string, situation: Situation): readonly ExtractSample[] {
  return measurement.samples.filter((sample) => sample.contender === contender && sample.situation === situation);
}

function stateOf(measurement: ExtractMeasurement): string {
  const bytes = samplesOf(measurement, sluice, 'W1').map(({ stateBytes }) => stateBytes / measurement.rows);
  return spread(bytes, 0);
}
