import type { ExtractMeasurement } from '../extract/run.js';
import { thousands } from './format.js';
import type { Section } from './section.js';

/** What a worker may take at most, and more at the largest size than at the smallest, in MB (issue 4, "Fast"). */
const limits = { peak: 250, growth: 50 } as const;

const megabytes = (bytes: number): number => Math.round(bytes / 1_000_000);

/** How a worker's memory depends on what it stages. Null for a single size. */
export function memorySection(measurements: readonly ExtractMeasurement[]): Section | null {
  const [least] = measurements;
  if (least === undefined || measurements.length === 1) return null;
  const judge = (value: number, limit: number): string => `${value}, limit ≤ ${limit}: ${value <= limit ? 'met' : 'MISSED'}`;
  return {
    title: 'A worker\'s memory',
    sentences: ['Resident size of a process that does a first sync\'s extract and nothing else, in MB: before it, and at its highest as the system saw it.'],
    head: ['staged records', 'before', 'highest', 'more than at the smallest size'],
    rows: measurements.map(({ memory }) => [thousands(memory.records), String(megabytes(memory.atStart)), judge(megabytes(memory.peak), limits.peak), judge(megabytes(memory.peak - least.memory.peak), limits.growth)]),
    notes: [],
  };
}
