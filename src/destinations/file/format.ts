import { isJsonObject } from '../../domain/subscription.js';
import type { Batch, MappedRecord } from '../destination.js';
import type { FileFormat } from './config.js';

/** The bytes that a batch adds to a file, without a header. */
export function formatBatch(batch: Batch, format: FileFormat): Buffer {
  if (format.format === 'jsonl') return Buffer.concat(batch.bodies.flatMap((body) => [body, lineFeed]));
  return Buffer.from(batch.records.map((record) => csvRow(columnsOf(record), format.columns)).join(''));
}

/** What a file begins with. */
export function headerOf(format: FileFormat): Buffer {
  return format.format === 'jsonl' ? Buffer.alloc(0) : Buffer.from(csvLine(format.columns));
}

const lineFeed = Buffer.from('\n');

/** The body's fields (without a mapping: the model's columns), and for names that it lacks those of the event, such as `event` and `__segment_id`. */
function columnsOf({ event, body }: MappedRecord): Record<string, unknown> {
  if (body === event) return { ...event, ...event.properties };
  return isJsonObject(body) ? { ...event, ...body } : { ...event };
}

function csvRow(values: Record<string, unknown>, columns: readonly string[]): string {
  return csvLine(columns.map((column) => values[column]));
}

/** RFC 4180, with LF. Null is an empty field, and empty text a quoted one, so that the two stay apart. */
function csvLine(values: readonly unknown[]): string {
  return `${values.map((value) => csvField(value)).join(',')}\n`;
}

function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
