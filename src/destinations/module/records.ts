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
  return batch.events.map((staged, index) => {
    // Staged by Sluice itself and checked against its digest, so its shape is known.
    const event = JSON.parse(staged.toString('utf8')) as StagedEvent;
    const body = batch.bodies[index] ?? staged;
    return {
      id: event.__segment_id,
      operation: event.event,
      messageId: event.messageId,
      properties: event.properties,
      body: body === staged ? event.properties : (JSON.parse(body.toString('utf8')) as Json),
    };
  });
}

interface StagedEvent {
  readonly event: Operation;
  readonly messageId: string;
  readonly __segment_id: string;
  readonly properties: JsonObject;
}
