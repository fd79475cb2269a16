import { sideBySide } from '../domain/staged-record.js';
import type { DeltaBlock } from './warehouse.js';

/** Where a chunk's block is made, and how much of it there is. */
interface Slot {
  readonly index: number;
  readonly ends: Uint32Array;
  records: number;
  eventBytes: number;
  versionBytes: number;
}

/** What comes without a search for its end in a slot that isn't full yet. Larger records are blocks of their own. */
const mostEventBytes = 16 * 1024;
const mostVersionBytes = 64;
/** How much of a block's events there is room for of versions. A version is a checksum, with 20 digits at most on most warehouses. */
const versionPart = 1 / 8;
const leastVersionRoom = 8 * 1024;

/** What the blocks of all chunks may hold together. */
const mostBytes = 16 * 1024 * 1024;
const mostBlockBytes = 1024 * 1024;
const leastBlockBytes = 48 * 1024;
/** What a block should hold where more would be another batch: as much as stays in a core's own cache from the check of the block until it is sent. */
const wishedBlockBytes = 256 * 1024;

export interface BlockShape {
  /** How many chunks there are. A block of each is in memory. */
  readonly chunks: number;
  /** Records that will leave together. A batch that lies in one block leaves without being copied, so blocks hold whole batches where they can. */
  readonly batchSize: number;
  /** Bytes of events from which on a block is full. */
  readonly blockBytes?: number;
}

/**
 * Collects records into blocks by chunk. All bytes lie in one buffer, the input before the slots: to copy within a buffer costs a tenth of copying from one into another, which
 * takes a view on both for every record. A block is good until the next one is asked for.
 */
export class ChunkBlocks {
  readonly #slots = new Map<number, Slot>();
  readonly #batchSize: number;
  readonly #blockBytes: number;
  readonly #versionRoom: number;
  readonly #slotBytes: number;
  #inputBytes = 128 * 1024;
  #buffer: Buffer;

  constructor({ chunks, batchSize, blockBytes = Math.max(leastBlockBytes, Math.min(mostBlockBytes, Math.floor(mostBytes / chunks))) }: BlockShape) {
    this.#batchSize = batchSize;
    this.#blockBytes = blockBytes;
    this.#versionRoom = Math.max(leastVersionRoom, Math.floor(blockBytes * versionPart));
    this.#slotBytes = blockBytes + mostEventBytes + this.#versionRoom;
    // What nothing is written to takes no memory.
    this.#buffer = Buffer.allocUnsafeSlow(this.#inputBytes + chunks * this.#slotBytes);
  }

  /** Takes the bytes that `add` copies from, instead of those before, and returns them as they now lie. */
  read(...pieces: readonly Buffer[]): Buffer {
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    if (bytes > this.#inputBytes) this.#layOut(2 * bytes, this.#buffer.length - this.#inputBytes);
    let place = 0;
    for (const piece of pieces) {
      this.#buffer.set(piece, place);
      place += piece.length;
    }
    return this.#buffer.subarray(0, bytes);
  }

  /** Takes one record, `<version><event>`, from `start` up to `end` of what was read; returns the chunk's block when it is full, or null. */
  add(chunk: number, start: number, end: number): DeltaBlock | null {
    // Versions are short: looking byte by byte costs less than a call does.
    let event = start;
    while (event < end && this.#buffer[event] !== openingBrace) event++;
    const [versionBytes, eventBytes] = [event - start, end - event];
    if (isLarge(versionBytes, eventBytes)) return alone(chunk, this.#buffer.subarray(start, event), this.#buffer.subarray(event, end));
    const slot = this.#slotOf(chunk);
    const place = this.#placeOf(slot);
    this.#buffer.copyWithin(place + slot.versionBytes, start, event);
    this.#buffer.copyWithin(place + this.#versionRoom + slot.eventBytes + 1, event, end);
    return this.#close(chunk, slot, versionBytes, eventBytes);
  }

  /** The same for a text: written in its place, because a buffer for each would be garbage of the size of all records, which is collected late. */
  addText(chunk: number, record: string): DeltaBlock | null {
    const brace = record.indexOf('{');
    const [version, event] = [record.slice(0, brace), record.slice(brace)];
    const [versionBytes, eventBytes] = [Buffer.byteLength(version), Buffer.byteLength(event)];
    if (isLarge(versionBytes, eventBytes)) return alone(chunk, Buffer.from(version), Buffer.from(event));
    const slot = this.#slotOf(chunk);
    const place = this.#placeOf(slot);
    this.#buffer.write(version, place + slot.versionBytes);
    this.#buffer.write(event, place + this.#versionRoom + slot.eventBytes + 1);
    return this.#close(chunk, slot, versionBytes, eventBytes);
  }

  /** Gives out what is left. */
  *end(): Generator<DeltaBlock> {
    for (const [chunk, slot] of this.#slots) if (slot.records > 0) yield this.#take(chunk, slot);
  }

  #slotOf(chunk: number): Slot {
    let slot = this.#slots.get(chunk);
    if (slot === undefined) {
      slot = { index: this.#slots.size, ends: new Uint32Array(this.#versionRoom / 8), records: 0, eventBytes: 0, versionBytes: 0 };
      const room = this.#buffer.length - this.#inputBytes;
      if ((slot.index + 1) * this.#slotBytes > room) this.#layOut(this.#inputBytes, 2 * room + this.#slotBytes);
      this.#slots.set(chunk, slot);
    }
    return slot;
  }

  #placeOf({ index }: Slot): number {
    return this.#inputBytes + index * this.#slotBytes;
  }

  #close(chunk: number, slot: Slot, versionBytes: number, eventBytes: number): DeltaBlock | null {
    const place = this.#placeOf(slot);
    const eventsAt = place + this.#versionRoom;
    this.#buffer[eventsAt + slot.eventBytes] = lineFeed;
    slot.versionBytes += versionBytes + 1;
    slot.eventBytes += eventBytes + 2;
    this.#buffer[place + slot.versionBytes - 1] = lineFeed;
    this.#buffer[eventsAt + slot.eventBytes - 1] = comma;
    slot.ends[slot.records++] = slot.eventBytes - 1;
    return this.#isFull(slot) ? this.#take(chunk, slot) : null;
  }

  #isFull({ records, ends, eventBytes, versionBytes }: Slot): boolean {
    if (eventBytes >= this.#blockBytes || versionBytes + mostVersionBytes >= this.#versionRoom || records === ends.length) return true;
    if (records % this.#batchSize !== 0) return false;
    // One batch is nearly as large as the next.
    const withNext = 1 + this.#batchSize / records;
    return eventBytes * withNext > Math.min(wishedBlockBytes, this.#blockBytes) || versionBytes * withNext > this.#versionRoom || records + this.#batchSize > ends.length;
  }

  #take(chunk: number, slot: Slot): DeltaBlock {
    const versionsAt = this.#placeOf(slot);
    const eventsAt = versionsAt + this.#versionRoom;
    const block = {
      chunk,
      events: this.#buffer.subarray(eventsAt, eventsAt + slot.eventBytes),
      ends: slot.ends.subarray(0, slot.records),
      versions: this.#buffer.subarray(versionsAt, versionsAt + slot.versionBytes),
    };
    slot.records = slot.eventBytes = slot.versionBytes = 0;
    return block;
  }

  #layOut(inputBytes: number, slotsBytes: number): void {
    const buffer = Buffer.allocUnsafeSlow(inputBytes + slotsBytes);
    buffer.set(this.#buffer.subarray(0, this.#inputBytes));
    buffer.set(this.#buffer.subarray(this.#inputBytes), inputBytes);
    this.#buffer = buffer;
    this.#inputBytes = inputBytes;
  }
}

function isLarge(versionBytes: number, eventBytes: number): boolean {
  return versionBytes > mostVersionBytes || eventBytes >= mostEventBytes;
}

function alone(chunk: number, version: Buffer, event: Buffer): DeltaBlock {
  return { chunk, ...sideBySide([event]), versions: Buffer.concat([version, Buffer.of(lineFeed)]) };
}

const openingBrace = 0x7b;
const comma = 0x2c;
const lineFeed = 0x0a;
