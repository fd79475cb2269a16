import { parseArgs } from 'node:util';
import { warehouses, type WarehouseName } from './worker/sources.js';

export const parts = ['extract', 'webhook', 'delivery', 'memory', 'overhead', 'quota', 'worker'] as const;
export type Part = (typeof parts)[number];

export interface Options {
  /** Sizes of the measured table that were asked for, ascending. Extracts and the memory of loads are measured at each, loads of a webhook without a mapping at the largest, the rest at the first. */
  readonly rows: readonly number[];
  readonly runs: number;
  readonly parts: readonly Part[];
  /** For which warehouses a worker's memory is measured. */
  readonly warehouses: readonly WarehouseName[];
  readonly peers: boolean;
  /** Measure nothing, and write the document from what is kept. */
  readonly report: boolean;
}

/** @throws Error with a sentence for the user */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', multiple: true, default: [] },
      runs: { type: 'string', default: '3' },
      only: { type: 'string', multiple: true, default: parts.filter((part) => part !== 'worker') },
      warehouse: { type: 'string', multiple: true, default: [...warehouses] },
      peers: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
    },
  });
  return {
    rows: values.rows.map((text) => count('rows', text, 1000)).toSorted((one, other) => one - other),
    runs: count('runs', values.runs, 1),
    parts: values.only.map((text) => oneOf('only', parts, text)),
    warehouses: values.warehouse.map((text) => oneOf('warehouse', warehouses, text)),
    peers: values.peers,
    report: values.report,
  };
}

function count(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new Error(`--${name} ${text}: expected a whole number, at least ${least}`);
  return value;
}

function oneOf<T extends string>(option: string, all: readonly T[], text: string): T {
  const found = all.find((one) => one === text);
  if (found === undefined) throw new Error(`--${option} ${text}: expected one of ${all.join(', ')}`);
  return found;
}
