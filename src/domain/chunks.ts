/** A chunk is one load activity's work: large enough to be cheap, small enough that every sender gets several. */
const maxRecordsPerChunk = 250_000;
const chunksPerSender = 4;
/** Records fall into chunks by hash, so a chunk's last batch is part-filled: with fewer batches than this the waste would show. */
const minBatchesPerChunk = 8;

/** How many chunks to cut `records` into, for `concurrency` senders of batches of at most `batchSize` records. */
export function chunkCountFor(records: number, batchSize: number, concurrency: number): number {
  if (records === 0) return 0;
  const forBalance = Math.min(concurrency * chunksPerSender, Math.ceil(records / (batchSize * minBatchesPerChunk)));
  return Math.max(forBalance, Math.ceil(records / maxRecordsPerChunk));
}
