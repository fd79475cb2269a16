import { pageOf } from '../../src/staging/pages.js';
import { ChunkBlocks } from '../../src/warehouses/chunk-blocks.js';
import type { DeltaBlock } from '../../src/warehouses/warehouse.js';

/** What a chunk holds of these records, each `<version><event>`, in pages of so many bytes of events. */
export function stagedBytes(records: readonly string[], pageBytes = 64 * 1024): Buffer {
  const blocks = new ChunkBlocks({ chunks: 1, batchSize: 500, blockBytes: pageBytes });
  const given = records.flatMap((record) => kept(blocks.addText(0, record)));
  return Buffer.concat([...given, ...[...blocks.end()].flatMap(kept)].flatMap(pageOf));
}

/** A block that lasts: those that are given out are good until the next one is asked for. */
export function kept(block: DeltaBlock | null): readonly DeltaBlock[] {
  return block === null ? [] : [{ chunk: block.chunk, events: Buffer.from(block.events), ends: block.ends.slice(), versions: Buffer.from(block.versions) }];
}

/** The same bytes in pieces, cut at these places. */
export async function* inPieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const places = [0, ...cuts.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [index, place] of places.entries()) yield bytes.subarray(place, places[index + 1] ?? bytes.length);
}
