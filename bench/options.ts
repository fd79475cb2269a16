import { parseArgs } from 'node:util';
import { warehouses, type WarehouseName } from './worker/sources.js';

export const parts = ['extract', 'webhook', 'delivery', 'memory', 'overhead', 'quota', 'worker'] as const;
export type Part = (typeof parts)[number];

export interface Options {
  /** Sizes of the measured table, ascending. Extracts and the memory of loads are measured at each, the rest at the first. */
  readonly rows: readonly number[];
  /** The size at which a load of a webhook without a mapping is measured: the largest, or five million. At one it would take half a second, and one moment of the machine's would decide. */
  readonly webhookRows: number;
  /** Whether the sizes were asked for. */
  readonly rowsGiven: boolean;
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
      rows: { type: 'string', multiple: true },
      runs: { type: 'string', default: '3' },
      only: { type: 'string', multiple: true, default: parts.filter((part) => part !== 'worker') },
      warehouse: { type: 'string', multiple: true, default: [...warehouses] },
      peers: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
    },
  });
  const rows = (values.rows ?? []).map((text) => count('rows', text, 1000)).toSorted((one, other) => one - other);
  return {
    rows: rows.length === 0 ? [1_000_000] : rows,
    webhookRows: rows.at(-1) ?? 5_000_000,
    rowsGiven: rows.length > 0,
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
