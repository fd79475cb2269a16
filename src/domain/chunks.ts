/** A chunk is one load activity's work: large enough to be cheap, small enough that every sender gets several. */
const maxRecordsPerChunk = 100_000;
const chunksPerSender = 4;

/** How many chunks to cut `records` into, for `concurrency` senders of batches of at most `batchSize` records. */
export function chunkCountFor(records: number, batchSize: number, concurrency: number): number {
  if (records === 0) return 0;
  const forBalance = Math.min(concurrency * chunksPerSender, Math.ceil(records / batchSize));
  return Math.max(forBalance, Math.ceil(records / maxRecordsPerChunk));
}
