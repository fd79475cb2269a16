import { isJsonObject, type JsonObject } from '../../domain/subscription.js';
import type { Batch } from '../destination.js';
import { copyLine } from './copy-text.js';
import type { TargetColumn } from './target.js';

/** One record of a batch, read. */
export interface Row {
  readonly line: number;
  readonly id: string;
  /** The columns that it has, by the place in `shapes`; null for a deleted record, whose columns don't matter. */
  readonly shape: number | null;
  readonly values: JsonObject;
}

export interface Rows {
  readonly rows: readonly Row[];
  /** The sets of columns that occur. A record without a column leaves it as it is, so each set needs a statement of its own; nearly always there is one. */
  readonly shapes: readonly (readonly string[])[];
}

/** Null when a body is no object: only an object has columns. */
export function readRows(batch: Batch, key: string): Rows | null {
  const shapes = new Shapes(key);
  const rows: Row[] = [];
  for (const [index, { event, body }] of batch.records.entries()) {
    const values = body === event ? event.properties : body;
    if (!isJsonObject(values)) return null;
    const line = batch.place?.lines[index] ?? index;
    rows.push({ line, id: event.__segment_id, shape: event.event === 'deleted' ? null : shapes.numberOf(values), values });
  }
  return { rows, shapes: shapes.all };
}

class Shapes {
  readonly all: (readonly string[])[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(private readonly key: string) {}

  numberOf(values: JsonObject): number {
    const columns = Object.keys(values);
    const name = columns.join('\0');
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.all.length);
    // The record id is in the key column, whatever the body says.
    return this.all.push(columns.filter((column) => column !== this.key)) - 1;
  }
}

export function columnsIn({ shapes }: Rows): readonly string[] {
  return [...new Set(shapes.flat())];
}

/** The rows for COPY: line, shape, key, then `columns` in their order. */
export function copyBytes({ rows }: Rows, columns: readonly TargetColumn[]): Buffer {
  return Buffer.from(rows.map((row) => copyLine(row, columns)).join(''));
}
