import type { Awaitable } from '../domain/awaitable.js';

/** A sync of which something is staged. */
export interface StagedSync {
  readonly subscriptionId: string;
  readonly syncNumber: number;
}

/** Names one staged chunk's place: everything of a sync lies under its subscription and number. */
export interface ChunkPlace extends StagedSync {
  readonly chunk: number;
}

/** A finished chunk file: never changed afterwards. `name` is the store's own and holds the attempt, so that two attempts never share a file. */
export interface StagedFile {
  readonly name: string;
  readonly sha256: string;
}

/** Takes a chunk's bytes; the file exists only once `finish` has returned. */
export interface ChunkWriter {
  /** Resolves once more may be written (backpressure). The bytes may be cut anywhere, and are the caller's own again then. What is written in one call is best read in one piece. */
  write(parts: readonly Buffer[]): Promise<void>;
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

/** Takes entries one after the other. */
export interface AppendOnly<Entry> {
  /**
   * Done once the store will take what comes next, so that nothing is sent whose outcome can't be written: `size` records' outcomes for an OutcomeLog,
   * bytes of entries for what it is made of. It costs nothing where there is room.
   */
  makeRoom(size: number): Awaitable<void>;
  /** Durable against the end of this process when it is done. When another writer has gone on with the log, it throws FencedError, or what it writes is read by nobody. */
  append(entry: Entry): Awaitable<void>;
  close(): Promise<void>;
}

export type OutcomeLog = AppendOnly<OutcomeEntry>;

/**
 * Where records wait between warehouse and destination, and where each batch's outcome is logged.
 * Losing it loses no record: what has no logged outcome is found again by the next diff.
 * Methods throw StagingUnavailableError (full disk, no permission; a retry can help) or StagingLostError (a chunk is missing or damaged).
 */
export interface StagingStore {
  /** The host that alone can read what is staged here; null when every worker can. It stays the same when a worker starts anew. */
  host(): Promise<string | null>;
  /** The host that staged a file of this name, as `host` names it. */
  hostOf(file: string): string | null;
  createChunk(place: ChunkPlace, attempt: string): Promise<ChunkWriter>;
  /**
   * Streams the chunk in pieces of any size, and gives out no byte that was not checked. A piece is good until the next one is asked for, and may be written to until then.
   * Throws StagingLostError at once for a name that it can't read.
   */
  readChunk(place: ChunkPlace, file: StagedFile): AsyncIterable<Buffer>;
  /** Opens a chunk's log to go on with it. Throws StagingLostError when the chunk's files have gone. */
  openOutcomes(place: ChunkPlace): Promise<OutcomeLog>;
  /** The entries in the order in which they were appended; a torn last entry (crash while writing) is left out. Empty when there is no log. */
  readOutcomes(place: ChunkPlace): Promise<readonly OutcomeEntry[]>;
  /** Removes everything of one sync; fine when there is nothing. */
  removeSync(sync: StagedSync): Promise<void>;
  /** The syncs that nothing was written to for longer than `ms`. */
  syncsOlderThan(ms: number): Promise<readonly StagedSync[]>;
}

/** The same for bytes that mean nothing to it: what a kind of store has to bring. `createStaging` makes a StagingStore of it. */
export interface StagingFiles extends Pick<StagingStore, 'host' | 'removeSync' | 'syncsOlderThan' | 'readChunk'> {
  /** `sealed` goes into the file's name. */
  createChunk(place: ChunkPlace, attempt: string, sealed: boolean): Promise<ChunkWriter>;
  /** Entries hold no line feed. */
  openLog(place: ChunkPlace): Promise<AppendOnly<string>>;
  readEntries(place: ChunkPlace): Promise<readonly string[]>;
}
