import { ChunkBlocks, type BlockShape } from '../chunk-blocks.js';
import type { DeltaBlock } from '../warehouse.js';

/** A file doesn't hold what was asked for. The message quotes nothing of it. */
export class UnreadableFileError extends Error {}

const quote = 0x22;
const lineFeed = 0x0a;
const tab = 0x09;
const zero = 0x30;
const Place = { before: 0, inside: 1, atQuote: 2 } as const;

/**
 * Takes files apart that COPY INTO wrote from one text column (`fileFormat` in unload.ts): each text between quotes, with those inside it doubled, and a line feed behind it.
 * A text is `<chunk>\t<version><event>`, and may hold line feeds of its own.
 */
export class UnloadedRows {
  private readonly blocks: ChunkBlocks;
  /** What of a text is there so far, without the doubling. */
  private text = Buffer.allocUnsafe(64 * 1024);
  private length = 0;
  private place: number = Place.before;

  constructor(shape: BlockShape) {
    this.blocks = new ChunkBlocks(shape);
  }

  /** Takes the next bytes of a file, cut anywhere; gives out the blocks that are full. */
  *push(bytes: Buffer): Generator<DeltaBlock> {
    this.makeRoom(bytes.length);
    for (let at = this.scan(bytes, 0); at !== null; at = this.scan(bytes, at)) {
      const full = this.take();
      if (full !== null) yield full;
    }
  }

  /** A file has ended: its last text may lack the line feed, and nothing else. */
  *endFile(): Generator<DeltaBlock> {
    if (this.place === Place.inside) throw new UnreadableFileError('it ends in the middle of a record');
    if (this.place === Place.before) return;
    const full = this.take();
    if (full !== null) yield full;
  }

  /** All files have ended. */
  end(): Iterable<DeltaBlock> {
    return this.blocks.end();
  }

  /** Goes on up to the end of a text, and returns where the next one begins; null when the bytes are used up. Every byte passes here, so it works with variables of its own. */
  private scan(bytes: Buffer, start: number): number | null {
    const { text } = this;
    let { place, length } = this;
    let at = start;
    let ended = false;
    for (; at < bytes.length && !ended; at++) {
      const byte = bytes[at] ?? 0;
      if (place === Place.inside) {
        if (byte === quote) place = Place.atQuote;
        else text[length++] = byte;
      } else if (place === Place.before && byte === quote) {
        place = Place.inside;
      } else if (place === Place.atQuote && byte === quote) {
        text[length++] = byte;
        place = Place.inside;
      } else if (place === Place.atQuote && byte === lineFeed) {
        ended = true;
      } else {
        throw new UnreadableFileError('it is no CSV of one column in quotes');
      }
    }
    this.place = place;
    this.length = length;
    return ended ? at : null;
  }

  private take(): DeltaBlock | null {
    const event = this.text.indexOf(tab) + 1;
    if (event < 2 || event > this.length) throw new UnreadableFileError('a record has no chunk');
    let chunk = 0;
    for (let at = 0; at < event - 1; at++) chunk = chunk * 10 + (this.text[at] ?? 0) - zero;
    this.blocks.read(this.text.subarray(event, this.length));
    const full = this.blocks.add(chunk, 0, this.length - event);
    this.length = 0;
    this.place = Place.before;
    return full;
  }

  private makeRoom(bytes: number): void {
    const needed = this.length + bytes;
    if (needed > this.text.length) this.text = Buffer.concat([this.text.subarray(0, this.length)], 2 * needed);
  }
}
