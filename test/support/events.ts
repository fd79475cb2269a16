import type { Batch } from '../../src/destinations/destination.js';
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

/** A batch of a sync's first chunk, from `firstLine` on. */
export function batchOf(staged: readonly Buffer[], syncNumber = 1, firstLine = 0): Batch {
  const place = { chunk: 0, lines: staged.map((_, index) => firstLine + index) };
  return { subscriptionId: 'customers_to_crm', syncNumber, place, events: staged, bodies: staged };
}

/** Records that no sync sends, as a test record. */
export function outsideSync(staged: readonly Buffer[]): Batch {
  return { subscriptionId: 'customers_to_crm', syncNumber: 1, events: staged, bodies: staged };
}
