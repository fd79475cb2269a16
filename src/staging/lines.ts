import { StagingLostError } from '../errors/errors.js';

/** Whole lines that leave together. */
export interface LineBatch {
  /** 0-based number of the first line within the chunk. */
  readonly firstLine: number;
  /** The events, without versions and line feeds. They share memory with the blocks they came in. */
  readonly lines: readonly Buffer[];
}

/**
 * Cuts a staged chunk into batches, of at most `batchSize` lines and `batchBytes` bytes (a longer line goes alone), after leaving out `skipLines` lines.
 * Holds one batch and one block at a time, whatever the chunk's size.
 *
 * @throws StagingLostError when the last line has no line feed
 */
export async function* batchesOf(
  blocks: AsyncIterable<Buffer>,
  limits: { readonly batchSize: number; readonly batchBytes: number },
  skipLines: number,
): AsyncGenerator<LineBatch, void, undefined> {
  let lineNumber = 0;
  let lines: Buffer[] = [];
  let bytes = 0;
  const take = (): LineBatch => {
    const batch = { firstLine: lineNumber - lines.length, lines };
    lines = [];
    bytes = 0;
    return batch;
  };

  const splitter = new LineSplitter();
  for await (const block of blocks) {
    for (const line of splitter.split(block)) {
      if (lines.length > 0 && bytes + line.length > limits.batchBytes) yield take();
      if (lineNumber++ < skipLines) continue;
      const event = line.subarray(line.indexOf(openingBrace));
      lines.push(event);
      bytes += event.length;
      if (lines.length === limits.batchSize) yield take();
    }
  }
  if (splitter.endsInLine) throw new StagingLostError('a staged chunk ends in the middle of a line; the next sync finds its records again');
  if (lines.length > 0) yield take();
}

const lineFeed = 0x0a;
const openingBrace = 0x7b;

/** Splits blocks into lines without copying, but for lines that span blocks. */
class LineSplitter {
  #begun: Buffer[] = [];

  *split(block: Buffer): Generator<Buffer, void, undefined> {
    let start = 0;
    for (let end = block.indexOf(lineFeed); end !== -1; end = block.indexOf(lineFeed, start)) {
      yield this.#complete(block.subarray(start, end));
      start = end + 1;
    }
    if (start < block.length) this.#begun.push(block.subarray(start));
  }

  /** Whether the last line still lacks its line feed. */
  get endsInLine(): boolean {
    return this.#begun.length > 0;
  }

  #complete(end: Buffer): Buffer {
    if (this.#begun.length === 0) return end;
    const line = Buffer.concat([...this.#begun, end]);
    this.#begun = [];
    return line;
  }
}
