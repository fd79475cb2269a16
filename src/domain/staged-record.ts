import type { Operation } from './subscription.js';

/** A record as a sync staged it. */
export interface StagedRecord {
  readonly recordId: string;
  readonly operation: Operation;
  /** The checksum as text; empty for a deletion. */
  readonly version: string;
  /** The properties as JSON, byte for byte. */
  readonly properties: string;
}

/** Records of one chunk, many together, with their events side by side: a batch of them leaves as a part of these bytes. */
export interface StagedBlock {
  /** Each event as JSON (CONTRACT, "What a destination gets"), a line feed before it and a comma behind it: two bytes between any two, which may become the brackets of two arrays. */
  readonly events: Buffer;
  /** Where each event ends in `events`: its comma's place. */
  readonly ends: Uint32Array;
  /** Each record's version, a line feed behind it. It tells a replay whether the record is still the one that was acknowledged, and never leaves the worker. */
  readonly versions: Buffer;
}

/** Where event number `index` of a block begins, with its line feed; behind the last one, where its events end. */
export function startOfEvent(ends: ArrayLike<number>, index: number): number {
  return index === 0 ? 0 : (ends[index - 1] ?? 0) + 1;
}

const lineFeed = Buffer.from('\n');
const comma = Buffer.from(',');

/** Events as they lie in a block. */
export function sideBySide(events: readonly Buffer[]): Pick<StagedBlock, 'events' | 'ends'> {
  let end = -1;
  const ends = Uint32Array.from(events, ({ length }) => (end += 2 + length));
  return { events: Buffer.concat(events.flatMap((event) => [lineFeed, event, comma])), ends };
}

/** The events one by one, as views. */
export function eventsOf({ events, ends }: StagedBlock): Buffer[] {
  return Array.from(ends, (end, index) => events.subarray(startOfEvent(ends, index) + 1, end));
}
