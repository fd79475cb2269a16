import { pageOf } from '../../src/staging/pages.js';
import { ChunkBlocks } from '../../src/warehouses/chunk-blocks.js';
import type { DeltaBlock } from '../../src/warehouses/warehouse.js';

/** What a chunk holds of these records, each `<version><event>`, in pages of so many bytes of events. */
export function stagedBytes(records: readonly string[], pageBytes = 64 * 1024): Buffer {
  const blocks = new ChunkBlocks(pageBytes);
  const given = records.flatMap((record): readonly (DeltaBlock | null)[] => [blocks.addText(0, record)]);
  return Buffer.concat([...given, ...blocks.end()].flatMap((block) => (block === null ? [] : pageOf(block))));
}

/** The same bytes in pieces, cut at these places. */
export async function* inPieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const places = [0, ...cuts.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [index, place] of places.entries()) yield bytes.subarray(place, places[index + 1] ?? bytes.length);
}
