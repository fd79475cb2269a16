import { asMarkdown, type Section } from './section.js';

/** docs/benchmarks.md as a whole. No dates: the history of the file has them. */
export function asDocument(machine: readonly string[], command: string, sections: readonly Section[]): string {
  return [
    '# Benchmarks\n',
    `Written by \`${command}\`; do not edit it by hand. With \`--peers\`, dbt is installed and measured too; with more than one \`--rows\`, growth is.\n`,
    'Each figure is the median of all runs, with the least and the most in brackets. All contenders work on the same data and take turns within each run, and who begins changes from run to run.',
    'Before each measurement there is a checkpoint; between two of them every table is vacuumed and analyzed, as autovacuum would have done by the next sync.\n',
    machine.map((fact) => `- ${fact}`).join('\n'),
    '',
    ...sections.map(asMarkdown),
  ].join('\n');
}
