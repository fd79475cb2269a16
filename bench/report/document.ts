import type { Result } from '../results.js';
import { deliverySection, webhookSection } from './delivery.js';
import { extractSection } from './extract.js';
import { growthSection } from './growth.js';
import { loadMemorySection, memorySection } from './memory.js';
import { overheadSection } from './overhead.js';
import { peersSection } from './peers.js';
import { quotaSection } from './quota.js';
import { asMarkdown, type Section } from './section.js';
import { workerSection } from './worker.js';

/** What the results say, a section for each question. */
export function sectionsOf(results: readonly Result[]): readonly Section[] {
  const extracts = results.flatMap((result) => (result.part === 'extract' ? [result.measurement] : []));
  const others = results.flatMap(othersOf);
  const sections = [...extracts.map(extractSection), growthSection(extracts), memorySection(extracts), ...extracts.map(peersSection), ...others];
  return sections.filter((section) => section !== null);
}

function othersOf(result: Result): readonly Section[] {
  switch (result.part) {
    case 'extract':
      return [];
    case 'webhook':
      return [webhookSection(result.measurement)];
    case 'delivery':
      return [deliverySection(result.measurement)];
    case 'memory':
      return [loadMemorySection(result.measurement)];
    case 'overhead':
      return [overheadSection(result.measurement)];
    case 'quota':
      return [quotaSection(result.measurement)];
    case 'worker':
      return [workerSection(result.measurement)];
  }
}

/** docs/benchmarks.md as a whole. No dates: the history of the file has them. */
export function asDocument(results: readonly Result[]): string {
  const list = (facts: readonly string[]): string => [...new Set(facts)].map((fact) => `- ${fact}`).join('\n');
  return [
    '# Benchmarks\n',
    'Written by `npm run bench`, from the figures in `bench/results`; do not edit it by hand. They were measured by\n',
    list(results.map(({ command }) => `\`${command}\``)),
    '',
    'Each figure is the median of all runs, with the least and the most in brackets. All contenders work on the same data and take turns within each run, and who begins changes from run to run.',
    'Before each measurement there is a checkpoint; between two of them every table is vacuumed and analyzed, as autovacuum would have done by the next sync.\n',
    list(results.flatMap(({ machine }) => machine)),
    '',
    ...sectionsOf(results).map(asMarkdown),
  ].join('\n');
}
