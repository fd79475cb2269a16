import type { ChunkPlace, LineOutcome, OutcomeEntry, OutcomeLog, StagingStore } from '../src/staging/staging.js';
import type { Awaitable } from '../src/domain/awaitable.js';
import { batchesOf, type LineBatch } from '../src/staging/lines.js';
import type { ChunkCounts, RecordOutcome, StagedChunk } from '../src/warehouses/warehouse.js';

/** What a chunk's outcome log says: how far it got, and which lines did not succeed. */
export interface ChunkLog {
  /** Lines accounted for; the next one to send. */
  readonly position: number;
  readonly unsuccessful: ReadonlyMap<number, LineOutcome>;
  /** The largest batch that may have left without a logged outcome; null when there is no log. */
  readonly batchSize: number | null;
}

/** A chunk's outcome log while the chunk is delivered. */
export class ChunkOutcomes {
  private constructor(
    private readonly log: OutcomeLog,
    private readonly logged: OutcomeEntry[],
    /** Whether an earlier attempt may have sent records whose outcome it never logged. */
    private inDoubt: boolean,
  ) {}

  /** `attempt`: the load's, from 1. */
  static async open(staging: StagingStore, place: ChunkPlace, attempt: number): Promise<ChunkOutcomes> {
    const log = await staging.openOutcomes(place);
    try {
      // Only now nothing is added any more by a predecessor that doesn't know yet.
      const logged = await staging.readOutcomes(place);
      const last = logged.at(-1);
      return new ChunkOutcomes(log, [...logged], last === undefined ? attempt > 1 : last.batchSize > 0);
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  get entries(): readonly OutcomeEntry[] {
    return this.logged;
  }

  /** Before `records` are sent, so that their outcomes can be logged afterwards. */
  makeRoom(records: number): Awaitable<void> {
    return this.log.makeRoom(records);
  }

  /** What became of a batch. Durable against the end of this process when it is done. */
  append(entry: OutcomeEntry): Awaitable<void> {
    return this.write(entry, false);
  }

  /** Before a load gives up its place. Where nothing is in doubt, the log says that nothing is under way meanwhile, so that whoever ends the sync counts the rest as not sent. */
  leaveOff(entry: OutcomeEntry): Awaitable<void> {
    return this.write(this.inDoubt ? entry : { ...entry, batchSize: 0 }, this.inDoubt);
  }

  /** Takes that back, before a batch leaves. */
  noteUnderWay(batchSize: number): Awaitable<void> {
    const last = this.logged.at(-1);
    if (last?.batchSize === 0) return this.write({ ...last, batchSize, failed: [] }, this.inDoubt);
  }

  private write(entry: OutcomeEntry, inDoubt: boolean): Awaitable<void> {
    const done = (): void => {
      this.logged.push(entry);
      this.inDoubt = inDoubt;
    };
    const written = this.log.append(entry);
    return written === undefined ? done() : written.then(done);
  }

  close(): Promise<void> {
    return this.log.close();
  }
}

export function summarize(entries: readonly OutcomeEntry[]): ChunkLog {
  const outcomes = new Map(entries.flatMap((entry) => entry.failed.map((outcome) => [outcome.line, outcome] as const)));
  const last = entries.at(-1);
  return { position: last?.upTo ?? 0, unsuccessful: outcomes, batchSize: last?.batchSize ?? null };
}

/** How the lines from `position` on ended: the first `ambiguous` of them may have left, the others certainly did not. */
export interface Tail {
  readonly ambiguous: number;
  readonly reason: string;
}

export function countChunk(chunk: StagedChunk, log: ChunkLog, tail: Tail): ChunkCounts {
  const ambiguousTail = Math.min(tail.ambiguous, chunk.records - log.position);
  const loggedNotSent = [...log.unsuccessful.values()].filter(({ outcome }) => outcome === 'not_sent').length;
  return {
    succeeded: log.position - log.unsuccessful.size,
    failed: log.unsuccessful.size - loggedNotSent + ambiguousTail,
    notSent: chunk.records - log.position - ambiguousTail + loggedNotSent,
  };
}

/** The records of a chunk that did not succeed, by reading the staged chunk once more; nothing is read when all succeeded. */
export async function* unsuccessfulRecords(staging: StagingStore, place: ChunkPlace, chunk: StagedChunk, log: ChunkLog, tail: Tail): AsyncGenerator<RecordOutcome> {
  if (log.unsuccessful.size === 0 && log.position === chunk.records) return;
  const limits = { batchSize: 1_000, batchBytes: 8 * 1024 * 1024 };
  for await (const batches of batchesOf(staging.readChunk(place, { name: chunk.file, sha256: chunk.sha256 }), limits, 0)) {
    for (const batch of batches) yield* unsuccessfulIn(batch, log, tail);
  }
}

function* unsuccessfulIn({ firstLine, events }: LineBatch, log: ChunkLog, tail: Tail): Generator<RecordOutcome> {
  const ends = Array.from({ length: events.size }, (_, index) => outcomeOf(firstLine + index, log, tail));
  if (ends.every((ended) => ended === null)) return;
  for (const [index, event] of events.parse().entries()) {
    const ended = ends[index] ?? null;
    if (ended !== null) yield { ...ended, recordId: event.__segment_id };
  }
}

function outcomeOf(line: number, log: ChunkLog, tail: Tail): Omit<RecordOutcome, 'recordId'> | null {
  if (line < log.position) return unnumbered(log.unsuccessful.get(line));
  return { outcome: line < log.position + tail.ambiguous ? 'ambiguous' : 'not_sent', reason: tail.reason };
}

function unnumbered(logged: LineOutcome | undefined): Omit<RecordOutcome, 'recordId'> | null {
  if (logged === undefined) return null;
  const { outcome, reason, code } = logged;
  return code === undefined ? { outcome, reason } : { outcome, reason, code };
}
