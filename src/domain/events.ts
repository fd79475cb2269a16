import type { JsonObject, Operation } from './subscription.js';

/** One record as it is staged (CONTRACT, "What a destination gets"). */
export type StagedEvent = {
  readonly type: 'track';
  readonly event: Operation;
  /** The same for every attempt at this record in this sync. */
  readonly messageId: string;
  readonly __segment_id: string;
  /** The model's columns; for a deleted record each is null. */
  readonly properties: JsonObject;
};

const comma = 0x2c;
const openingBracket = 0x5b;
const closingBracket = 0x5d;

/** Events as one JSON array in one buffer, byte for byte as they were staged: whoever sends them all need not touch one of them. */
export class EventArray {
  /** @param ends where each event ends in `json`; each begins one byte after its predecessor's end, the first at 1 */
  constructor(
    readonly json: Buffer,
    private readonly ends: ArrayLike<number>,
  ) {}

  static of(events: readonly Buffer[]): EventArray {
    const ends: number[] = [];
    for (const event of events) ends.push((ends.at(-1) ?? 0) + 1 + event.length);
    const json = Buffer.alloc((ends.at(-1) ?? 0) + (events.length === 0 ? 2 : 1), comma);
    for (const [index, event] of events.entries()) event.copy(json, (ends[index] ?? 0) - event.length);
    json[0] = openingBracket;
    json[json.length - 1] = closingBracket;
    return new EventArray(json, ends);
  }

  get size(): number {
    return this.ends.length;
  }

  /** The events one by one, as views on the array. */
  views(): Buffer[] {
    return Array.from(this.ends, (end, index) => this.json.subarray((this.ends[index - 1] ?? 0) + 1, end));
  }

  pick(indexes: readonly number[]): EventArray {
    const views = this.views();
    return EventArray.of(indexes.flatMap((index) => views[index] ?? []));
  }

  /** Staged by Sluice itself and checked against its digest, so its shape is known. */
  parse(): StagedEvent[] {
    return JSON.parse(this.json.toString('utf8')) as StagedEvent[];
  }
}
