import assert from 'node:assert/strict';
import type { Operation, Subscription, SyncMode } from '../../src/domain/subscription.js';
import { eventsOf, type StagedRecord } from '../../src/domain/staged-record.js';
import type { EarlyEnd, SyncResult, SyncTrigger } from '../../src/domain/sync.js';
import { pageOf } from '../../src/staging/pages.js';
import { stagedRecords } from '../../src/staging/staged-records.js';
import type { ChunkCounts, DiffResult, RecordOutcome, StagedChunk, SyncRef, Warehouse } from '../../src/warehouses/warehouse.js';

/** A staged record, as CONTRACT ("What a destination gets") has it. */
export interface StagedEvent {
  readonly type: 'track';
  readonly event: Operation;
  readonly messageId: string;
  readonly __segment_id: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** How a destination treats one record; after the last three the sender doesn't know, or knows that nothing left. */
export type Fate = 'taken' | 'refused' | 'taken_unanswered' | 'lost_unanswered' | 'not_sent';

export interface StagedRecords {
  readonly chunks: readonly StagedChunk[];
  readonly events: ReadonlyMap<number, readonly StagedEvent[]>;
  /** The events as they came. */
  readonly lines: readonly string[];
}

export interface FinishedSync {
  readonly sync: SyncRef;
  readonly diff: DiffResult;
  readonly events: readonly StagedEvent[];
  readonly result: SyncResult;
}

export interface SyncOptions {
  /** What becomes of each record; all are taken unless told. */
  readonly fate?: (event: StagedEvent) => Fate;
  /** What the destination says of a record that it refuses. */
  readonly reason?: string;
  /** Called before each step and each record: what it throws ends the sync there, as a crash does. */
  readonly beforeStep?: (step: string) => void;
  readonly end?: EarlyEnd;
  readonly full?: boolean;
  /** Sends what the sync of this number staged, in the place of what changed. */
  readonly replayed?: number;
}

const never = new AbortController().signal;
/** Small batches, so that a few records make several chunks. */
const chunking = { batchSize: 1, concurrency: 2 };
const leaseMs = 60_000;

/** Drives a warehouse through whole syncs of one subscription, as the activities do, with a destination that is a function. */
export class SyncDriver {
  private requests = 0;
  constructor(
    readonly warehouse: Warehouse,
    readonly subscription: Subscription,
    private readonly destinationIdentity = 'crm',
    /** What each file holds. */
    private readonly staged = new Map<string, Buffer>(),
  ) {}

  /** The same subscription in another mode, with what it has staged. */
  withMode(syncMode: SyncMode): SyncDriver {
    return new SyncDriver(this.warehouse, { ...this.subscription, syncMode }, this.destinationIdentity, this.staged);
  }

  /** Opens the next sync, after it has settled what a dead one left. */
  async open(requestKey = this.newRequest(), trigger: SyncTrigger = 'manual'): Promise<SyncRef> {
    for (;;) {
      const request = { subscription: this.subscription, owner: 'acme', destinationIdentity: this.destinationIdentity, trigger, requestKey };
      const answer = await this.warehouse.openSync(request);
      if (answer.kind === 'opened') return answer.sync;
      await this.settleDead(answer.sync);
    }
  }

  private newRequest(): string {
    return `request-${++this.requests}-${this.subscription.id}-${process.hrtime.bigint()}`;
  }

  diff(sync: SyncRef, attempt = 1, signal = never, full = false): Promise<DiffResult> {
    return this.warehouse.diffModel({ sync, subscription: this.subscription, attempt, chunking, full }, signal);
  }

  /** Takes up what a past sync staged, in the place of a diff. */
  replay(sync: SyncRef, replayed: number, attempt = 1, signal = never): Promise<DiffResult> {
    return this.warehouse.replaySync({ sync, subscription: this.subscription, attempt, chunking, replayed }, (chunks) => this.recordsOf(chunks), signal);
  }

  private async *recordsOf(chunks: readonly StagedChunk[]): AsyncGenerator<readonly StagedRecord[]> {
    for (const { file, records } of chunks) {
      let read = 0;
      for await (const some of stagedRecords(streamOf([this.staged.get(file) ?? Buffer.alloc(0)]))) {
        read += some.length;
        yield some;
      }
      assert.equal(read, records);
    }
  }

  async read(sync: SyncRef): Promise<StagedRecords> {
    const pages = new Map<number, Buffer[]>();
    const lines = new Map<number, string[]>();
    for await (const { chunk, ...block } of this.warehouse.readDelta({ sync, subscription: this.subscription, batchSize: 500 }, never)) {
      const events = eventsOf(block).map(String);
      assert.equal(block.events.toString('utf8'), events.map((event) => `\n${event},`).join(''), 'a line feed before each event and a comma behind it, and nothing else');
      pages.set(chunk, [...(pages.get(chunk) ?? []), Buffer.concat(pageOf(block))]); // a block is good until the next one is asked for
      lines.set(chunk, [...(lines.get(chunk) ?? []), ...events]);
    }
    const chunks = [...lines].map(([chunk, { length }]) => ({ chunk, records: length, file: `${sync.number}-${chunk}`, sha256: 'none' }));
    for (const [chunk, pieces] of pages) this.staged.set(`${sync.number}-${chunk}`, Buffer.concat(pieces));
    return { chunks, events: new Map([...lines].map(([chunk, all]) => [chunk, all.map((line) => JSON.parse(line) as StagedEvent)])), lines: [...lines.values()].flat() };
  }

  /** Sends one chunk's records and writes down how they ended. */
  async load(sync: SyncRef, chunk: StagedChunk, events: readonly StagedEvent[], options: SyncOptions = {}): Promise<void> {
    options.beforeStep?.('acquire');
    const taken = await this.warehouse.acquireChunk(sync, chunk.chunk, 'loader', leaseMs);
    assert.equal(taken.kind, 'acquired');
    const outcomes = events.flatMap((event) => {
      options.beforeStep?.('send');
      return outcomeOf(event, options.fate?.(event) ?? 'taken', options.reason);
    });
    options.beforeStep?.('finish');
    await this.warehouse.finishChunk(sync, chunk.chunk, 'loader', countsOf(events.length, outcomes), streamOf(outcomes));
  }

  /** One whole sync. */
  async sync(options: SyncOptions = {}): Promise<FinishedSync> {
    const { beforeStep } = options;
    beforeStep?.('open');
    const sync = await this.open(this.newRequest(), options.replayed === undefined ? 'manual' : 'replay');
    beforeStep?.('diff');
    const diff = options.replayed === undefined ? await this.diff(sync, 1, never, options.full) : await this.replay(sync, options.replayed);
    beforeStep?.('read');
    const staged = await this.read(sync);
    beforeStep?.('register');
    const chunks = await this.warehouse.registerChunks(sync, staged.chunks);
    for (const chunk of chunks) await this.load(sync, chunk, staged.events.get(chunk.chunk) ?? [], options);
    beforeStep?.('fence');
    const fenced = await this.warehouse.fenceSync(sync);
    beforeStep?.('settle');
    const result = await this.warehouse.settleSync(fenced.sync, options.end ?? null);
    return { sync, diff, events: [...staged.events.values()].flat(), result };
  }

  /** Settles a sync that nobody drives any more; all that it had started may have been delivered. Its leases are not waited for: whoever held them is known to be gone. */
  async settleDead(sync: SyncRef): Promise<SyncResult> {
    const fenced = await this.warehouse.fenceSync(sync);
    for (const chunk of fenced.unfinished.filter(({ started }) => started)) {
      await this.warehouse.releaseChunk(fenced.sync, chunk.chunk, 'loader');
      await this.warehouse.acquireChunk(fenced.sync, chunk.chunk, 'undertaker', leaseMs);
      await this.warehouse.abandonChunk(fenced.sync, chunk.chunk, 'undertaker', 'the sync died');
    }
    return this.warehouse.settleSync(fenced.sync, { kind: 'failed', message: 'the sync died' });
  }
}

function outcomeOf(event: StagedEvent, fate: Fate, reason = 'no such plan'): readonly RecordOutcome[] {
  const recordId = event.__segment_id;
  switch (fate) {
    case 'taken':
      return [];
    case 'refused':
      return [{ recordId, outcome: 'failed', reason, code: '422' }];
    case 'taken_unanswered':
    case 'lost_unanswered':
      return [{ recordId, outcome: 'ambiguous', reason: 'no answer came' }];
    case 'not_sent':
      return [{ recordId, outcome: 'not_sent', reason: 'the sync stopped' }];
  }
}

export function countsOf(records: number, outcomes: readonly RecordOutcome[]): ChunkCounts {
  const notSent = outcomes.filter(({ outcome }) => outcome === 'not_sent').length;
  return { succeeded: records - outcomes.length, failed: outcomes.length - notSent, notSent };
}

export async function* streamOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** `new 1`, `updated 2`, …, sorted: what a sync sent, short enough to read in a failed assertion. */
export function sentBy({ events }: { readonly events: readonly StagedEvent[] }): readonly string[] {
  return events.map(({ event, __segment_id }) => `${event} ${__segment_id}`).sort();
}
