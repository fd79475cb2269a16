/** Names one staged chunk's place: everything of a sync lies under its subscription and number. */
export interface ChunkPlace {
  readonly subscriptionId: string;
  readonly syncNumber: number;
  readonly chunk: number;
}

/** A finished chunk file: never changed afterwards. `name` is the store's own and holds the attempt, so that two attempts never share a file. */
export interface StagedFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Takes a chunk's lines; the file exists only once `finish` has returned. */
export interface ChunkWriter {
  /** Resolves once more may be written (backpressure). `lines` is whole JSON lines, each ended by a line feed. */
  write(lines: Buffer): Promise<void>;
  finish(): Promise<StagedFile>;
  /** Removes what was written, also once it is finished. */
  abort(): Promise<void>;
}

/** One logged batch of a chunk's delivery, in order; `upTo` lines of the chunk are accounted for after it. */
export interface OutcomeEntry {
  readonly upTo: number;
  /** No batch after this entry holds more lines, so that an unanswered one can be told from those never sent. */
  readonly batchSize: number;
  /** Lines of this batch (0-based, within the chunk) that did not succeed. */
  readonly failed: readonly LineOutcome[];
}

export interface LineOutcome {
  readonly line: number;
  /** `not_sent` when the sync stopped in the middle of the batch. */
  readonly outcome: 'failed' | 'ambiguous' | 'not_sent';
  readonly reason: string;
  /** The destination's status code, where it gave one. */
  readonly code?: string;
}

/**
 * Where records wait between warehouse and destination, and where each batch's outcome is logged.
 * Losing it loses no record: what has no logged outcome is found again by the next diff.
 * Methods throw StagingUnavailableError (full disk, no permission; a retry can help) or StagingLostError (a chunk is missing or damaged).
 */
export interface StagingStore {
  createChunk(place: ChunkPlace, attempt: string): Promise<ChunkWriter>;
  /** Checks the whole file against its digest before the first byte is given out; then streams it in blocks of any size. */
  readChunk(place: ChunkPlace, file: { readonly name: string; readonly sha256: string }): AsyncIterable<Buffer>;
  /** Durable against the end of this process when it resolves. */
  appendOutcome(place: ChunkPlace, entry: OutcomeEntry): Promise<void>;
  /** The entries in the order in which they were appended; a torn last entry (crash while writing) is left out. Empty when there is no log. */
  readOutcomes(place: ChunkPlace): Promise<readonly OutcomeEntry[]>;
  /** Removes everything of one sync; fine when there is nothing. */
  removeSync(subscriptionId: string, syncNumber: number): Promise<void>;
  /** Removes syncs that nothing was written to for longer than `retainMs`; returns how many. */
  sweep(retainMs: number): Promise<number>;
}
