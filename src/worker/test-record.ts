import { RecordBatch } from '../destinations/batch.js';
import type { DeliveryAnswer, RecordAnswer } from '../destinations/destination.js';
import { EventArray } from '../domain/events.js';
import type { Subscription } from '../domain/subscription.js';
import { RefusedError } from '../errors/errors.js';
import type { Sample } from '../warehouses/warehouse.js';
import type { Adapters } from './adapters.js';

export interface TestedRecord {
  /** One JSON document each: the event as a sync would stage it, and what the mapping makes of it. */
  readonly event: Buffer;
  readonly mapped: Buffer;
  /** Null where it was not sent. */
  readonly answer: DeliveryAnswer | RecordAnswer | null;
}

/** Takes one record of a subscription through the mapping and, if told, to the destination, once and outside of any sync: no state and no usage changes by it. */
export async function testRecord(adapters: Adapters, subscription: Subscription, { id, send }: { readonly id?: string; readonly send: boolean }): Promise<TestedRecord> {
  const event = await eventOf(adapters, subscription, id);
  const map = adapters.dependencies().mapperOf(subscription);
  const content = EventArray.of([event]);
  const batch = new RecordBatch({ subscriptionId: subscription.id, syncNumber: 0, place: null }, map === null ? content : content.parse().map(map));
  return { event, mapped: batch.bodies[0] ?? event, answer: send ? await sendOnce(adapters, subscription, batch) : null };
}

/** Its messageId is another one each time, so that no destination takes it for a record that it has. */
async function eventOf(adapters: Adapters, { id, model }: Subscription, wanted: string | undefined): Promise<Buffer> {
  // Of one id there may be two, which a sync would reject; and the first record that comes may have none.
  const which = wanted === undefined ? { limit: 100 } : { limit: 2, recordId: wanted };
  const sample = await adapters.warehouse(model.source)?.sampleModel(model, which, new AbortController().signal);
  if (sample === undefined) throw new RefusedError(`the configuration has no source "${model.source}"`);
  const { recordId, properties } = recordIn(sample, model.name, wanted);
  const messageId = `${id}-test-${Date.now()}-${recordId}`;
  return Buffer.from(`{"type":"track","event":"new","messageId":${JSON.stringify(messageId)},"__segment_id":${JSON.stringify(recordId)},"properties":${properties}}`);
}

function recordIn({ records }: Sample, model: string, wanted: string | undefined): { readonly recordId: string; readonly properties: string } {
  const found = records.flatMap(({ recordId, properties }) => (recordId === null ? [] : [{ recordId, properties }]));
  const [record] = found;
  if (record === undefined) throw new RefusedError(wanted === undefined ? `model "${model}" shows no record with an identifier now` : `model "${model}" has no record "${wanted}" now`);
  if (wanted !== undefined && found.length > 1) throw new RefusedError(`model "${model}" has more than one record "${wanted}": a sync rejects them all, because no one of them is the truth`);
  return record;
}

async function sendOnce(adapters: Adapters, { destination: name }: Subscription, batch: RecordBatch): Promise<DeliveryAnswer | RecordAnswer> {
  const destination = adapters.destination(name);
  if (destination === null) throw new RefusedError(`the configuration has no destination "${name}"`);
  const answer = await destination.deliver(batch, new AbortController().signal);
  return answer.kind === 'answered' ? (answer.records[0] ?? { kind: 'retry', reason: 'the destination said nothing about the record' }) : answer;
}
