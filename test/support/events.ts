import { RecordBatch } from '../../src/destinations/batch.js';
import { EventArray } from '../../src/domain/events.js';
import type { Mapper } from '../../src/destinations/mapping.js';
import type { JsonObject, Operation } from '../../src/domain/subscription.js';

/** A staged event, as CONTRACT describes it. */
export function event(id: string, properties: JsonObject = { id }, operation: Operation = 'new', syncNumber = 1): Buffer {
  const messageId = `customers_to_crm-${syncNumber}-${id}`;
  return Buffer.from(JSON.stringify({ type: 'track', event: operation, messageId, __segment_id: id, properties }));
}

/** `count` new records with the ids 0, 1, 2, … */
export function events(count: number, syncNumber = 1): Buffer[] {
  return Array.from({ length: count }, (_, index) => event(String(index), { id: String(index) }, 'new', syncNumber));
}

interface BatchOptions {
  readonly subscriptionId?: string;
  readonly chunk?: number;
  readonly map?: Mapper | null;
}

/** A batch of a sync's chunk, from `firstLine` on. */
export function batchOf(staged: readonly Buffer[], syncNumber = 1, firstLine = 0, { subscriptionId = 'customers_to_crm', chunk = 0, map = null }: BatchOptions = {}): RecordBatch {
  const place = { chunk, lines: staged.map((_, index) => firstLine + index) };
  const events = EventArray.of(staged);
  return new RecordBatch({ subscriptionId, syncNumber, place }, map === null ? events : events.parse().map(map));
}

/** Records that no sync sends, as a test record. */
export function outsideSync(staged: readonly Buffer[]): RecordBatch {
  return new RecordBatch({ subscriptionId: 'customers_to_crm', syncNumber: 1, place: null }, EventArray.of(staged));
}
