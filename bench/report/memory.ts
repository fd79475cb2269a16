import type { ExtractMeasurement } from '../extract/run.js';
import type { Memory } from '../memory.js';
import { against, thousands, wholeMegabytes } from './format.js';
import type { Section } from './section.js';

/** What a worker may take at most, and more at the largest size than at the smallest, in MB (issues 4 and 5, "Fast"). */
const limits = { peak: 250, growth: 50 } as const;

/** How a worker's memory depends on what it stages. Null for a single size. */
export function memorySection(measurements: readonly ExtractMeasurement[]): Section | null {
  if (measurements.length < 2) return null;
  return section('A worker\'s memory', 'staged records', 'Resident size of a process that does a first sync\'s extract and nothing else', measurements.map(({ memory }) => memory));
}

/** How it depends on what it delivers. */
export function loadMemorySection(measured: readonly Memory[]): Section {
  return section('A worker\'s memory while it delivers', 'delivered records', 'Resident size of a process that does a first sync\'s load, batches of 500 over four connections to a webhook, and nothing else', measured);
}

function section(title: string, what: string, whose: string, measured: readonly Memory[]): Section {
  const least = measured[0]?.peak ?? 0;
  return {
    title,
    sentences: [`${whose}, in MB: before it, and at its highest as the system saw it.`],
    head: [what, 'before', 'highest', 'more than at the smallest size'],
    rows: measured.map(({ records, atStart, peak }) => [thousands(records), String(wholeMegabytes(atStart)), against({ most: limits.peak }, wholeMegabytes(peak), 0), against({ most: limits.growth }, wholeMegabytes(peak - least), 0)]),
    notes: [],
  };
}
