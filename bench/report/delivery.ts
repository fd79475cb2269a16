import { senders, webhookSenders, type DeliveryMeasurement } from '../delivery/run.js';
import { ratios, spreadOf } from '../statistics.js';
import { against, spread, thousands } from './format.js';
import type { Section } from './section.js';

/** What share of its floor's records a second a delivery must reach (issue 5, "Fast"). */
const limits = { plain: 0.7, mapped: 0.6, table: 0.8 } as const;
/** How much Node CPU a record may cost through Segment's package, in times of the package's own. */
const mostOfPackage = 1.2;

const sentence = 'From staged files to a receiver in a process of its own that reads each request and answers 200: batches of 500, four kept-alive connections.';
const warmUp = 'A first round of all is not counted: a worker runs for weeks, and a process that has just begun waits for its compiler.';

export function webhookSection(measurement: DeliveryMeasurement): Section {
  const share = ratioOf(measurement, 'seconds', webhookSenders.post, webhookSenders.sluice);
  return {
    title: `Delivery without a mapping, ${thousands(measurement.records)} records`,
    sentences: [sentence],
    ...tableOf(measurement, { [webhookSenders.sluice]: `of the plain client: ${against({ least: limits.plain }, share)}` }),
    notes: [
      `${warmUp} Between two loads all is staged anew.`,
      `**${webhookSenders.sluice}** runs the worker's own load step: leases, digests of the staged files, an outcome log before each next batch, counts in the warehouse.`,
      `**${webhookSenders.post}** reads request bodies that were made beforehand and posts them: the least that any sender can do.`,
    ],
  };
}

export function deliverySection(measurement: DeliveryMeasurement): Section {
  const share = (sender: string, floor: string): number => ratioOf(measurement, 'seconds', floor, sender);
  const comparisons: Readonly<Record<string, string>> = {
    [senders.sluiceMapped]: `of parse, build, stringify: ${against({ least: limits.mapped }, share(senders.sluiceMapped, senders.map))}; posted too: ${share(senders.sluiceMapped, senders.mapAndPost).toFixed(2)}`,
    [senders.sluiceTable]: `of COPY and MERGE: ${against({ least: limits.table }, share(senders.sluiceTable, senders.table))}`,
    [senders.sluiceSegment]: `CPU, times the package's own: ${against({ most: mostOfPackage }, ratioOf(measurement, 'nodeSeconds', senders.sluiceSegment, senders.segment))}`,
  };
  return {
    title: `Delivery, ${thousands(measurement.records)} records`,
    sentences: [sentence],
    ...tableOf(measurement, comparisons),
    notes: [
      `${warmUp} Each contest is over before the next one begins.`,
      `**${senders.sluiceMapped}** applies a mapping through Segment's mapping-kit. **${senders.map}** builds the same eight fields in code and sends nothing; **${senders.mapAndPost}** sends them.`,
      `**${senders.sluiceTable}** keeps its progress and the order of syncs in the same transactions. **${senders.table}** copies each 500 records into a temporary table that each connection makes once, and merges them.`,
      `**${senders.sluiceSegment}** runs type segment, slug webhook, with the eight fields as data. **${senders.segment}** hands the same events with the same mapping and settings to the package's onBatch.`,
    ],
  };
}

/** How many times the cost of one sender is another's, at the median. */
function ratioOf({ samples }: DeliveryMeasurement, cost: 'seconds' | 'nodeSeconds', sender: string, other: string): number {
  const costsOf = (who: string): number[] => samples.filter((sample) => sample.sender === who).map((sample) => sample.cost[cost]);
  return spreadOf(ratios(costsOf(sender), costsOf(other))).median;
}

/** A row for each sender, in the order in which they were measured first. */
function tableOf({ records, samples }: DeliveryMeasurement, comparisons: Readonly<Record<string, string>>): Pick<Section, 'head' | 'rows'> {
  const rows = [...new Set(samples.map(({ sender }) => sender))].map((sender) => {
    const costs = samples.filter((sample) => sample.sender === sender).map(({ cost }) => cost);
    return [
      sender,
      thousands(spreadOf(costs.map(({ seconds }) => records / seconds)).median),
      spread(costs.map(({ nodeSeconds }) => (nodeSeconds / records) * 1_000_000), 1),
      spread(costs.map(({ peakRssBytes }) => peakRssBytes / 1_000_000), 0),
      comparisons[sender] ?? '',
    ];
  });
  return { head: ['who', 'records/s', 'Node CPU, µs a record', 'peak RSS, MB', 'share'], rows };
}
