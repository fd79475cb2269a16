import { sideBySide, startOfEvent } from './staged-record.js';
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

const openingBracket = 0x5b;
const closingBracket = 0x5d;

/** Events as one JSON array in one buffer, byte for byte as they were staged: whoever sends them all need not touch one of them. */
export class EventArray {
  /** @param ends where each event ends; each begins two bytes after its predecessor's end. @param start where the array begins, in the same count */
  private constructor(
    readonly json: Buffer,
    private readonly ends: ArrayLike<number>,
    private readonly start: number,
  ) {}

  /**
   * Makes an array of events as they were staged, a line feed before each and a comma behind it, by writing brackets over the first and the last byte.
   *
   * @param ends where each event ends, counted from where `events` begins at `start`
   */
  static inPlace(events: Buffer, ends: ArrayLike<number>, start: number): EventArray {
    events[0] = openingBracket;
    events[events.length - 1] = closingBracket;
    return new EventArray(events, ends, start);
  }

  static of(events: readonly Buffer[]): EventArray {
    if (events.length === 0) return new EventArray(Buffer.from('[]'), [], 0);
    const side = sideBySide(events);
    return EventArray.inPlace(side.events, side.ends, 0);
  }

  /** The same in memory of its own. */
  copy(): EventArray {
    return new EventArray(Buffer.from(this.json), Uint32Array.from(this.ends), this.start);
  }

  get size(): number {
    return this.ends.length;
  }

  /** The events one by one, as views on the array. */
  views(): Buffer[] {
    return Array.from(this.ends, (end, index) => this.json.subarray(this.startOf(index), end - this.start));
  }

  private startOf(index: number): number {
    return index === 0 ? 1 : startOfEvent(this.ends, index) + 1 - this.start;
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
