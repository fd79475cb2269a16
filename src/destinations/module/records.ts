import type { Json, JsonObject, Operation } from '../../domain/subscription.js';
import type { Batch } from '../destination.js';

/** One record of a batch, parsed. */
export interface BatchRecord {
  readonly id: string;
  readonly operation: Operation;
  /** The same for every attempt at this record in this sync: fit as an idempotency key. */
  readonly messageId: string;
  /** The model's columns; for a deleted record each is null. */
  readonly properties: JsonObject;
  /** What the mapping made; the properties where there is none. */
  readonly body: Json;
}

/** The records of a batch in their order. Answers for each record keep to it. */
export function recordsOf(batch: Batch): BatchRecord[] {
  return batch.records.map(({ event, body }) => ({
    id: event.__segment_id,
    operation: event.event,
    messageId: event.messageId,
    properties: event.properties,
    body: body === event ? event.properties : body,
  }));
}
