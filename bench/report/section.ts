import CliTable from 'cli-table3';

/** A part of the report: sentences, then figures. */
export interface Section {
  readonly title: string;
  readonly sentences: readonly string[];
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What each row means, or what follows from the figures; one list entry each. */
  readonly notes: readonly string[];
}

export function asMarkdown(section: Section): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    `## ${section.title}\n`,
    `${section.sentences.join('\n')}\n`,
    line(section.head),
    line(section.head.map(() => '---')),
    ...section.rows.map(line),
    ...(section.notes.length === 0 ? [] : ['', ...section.notes.map((note) => `- ${note}`)]),
    '',
  ].join('\n');
}

export function asText(section: Section): string {
  const table = new CliTable({ head: [...section.head], style: { head: [], border: [] } });
  table.push(...section.rows.map((row) => [...row]));
  return `\n${section.title}\n${table.toString()}\n${section.notes.map((note) => `  ${note}\n`).join('')}`;
}
