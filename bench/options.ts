import { parseArgs } from 'node:util';

export const parts = ['extract', 'delivery', 'overhead', 'quota'] as const;
export type Part = (typeof parts)[number];

export interface Options {
  /** Sizes of the measured table, ascending. Extracts are measured at each, deliveries at the first. */
  readonly rows: readonly number[];
  readonly runs: number;
  readonly parts: readonly Part[];
  readonly peers: boolean;
  /** Measure nothing, and write the document from what is kept. */
  readonly report: boolean;
}

/** @throws Error with a sentence for the user */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', multiple: true, default: ['1000000'] },
      runs: { type: 'string', default: '3' },
      only: { type: 'string', multiple: true, default: [...parts] },
      peers: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
    },
  });
  return {
    rows: values.rows.map((text) => count('rows', text, 1000)).toSorted((one, other) => one - other),
    runs: count('runs', values.runs, 1),
    parts: values.only.map(asPart),
    peers: values.peers,
    report: values.report,
  };
}

function count(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new Error(`--${name} ${text}: expected a whole number, at least ${least}`);
  return value;
}

function asPart(text: string): Part {
  const found = parts.find((part) => part === text);
  if (found === undefined) throw new Error(`--only ${text}: expected one of ${parts.join(', ')}`);
  return found;
}
