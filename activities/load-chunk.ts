import { Context } from '@temporalio/activity';
import { RecordBatch } from '../src/destinations/batch.js';
import { deliverBatch, type BatchOutcome, type Pacing, type RecordEnd, type Stop } from '../src/destinations/deliver.js';
import type { BatchPlace, Destination, DestinationLimits, MappedRecord } from '../src/destinations/destination.js';
import { MappingError, type Mapper } from '../src/destinations/mapping.js';
import { hideValues } from '../src/destinations/reason.js';
import type { Pacer } from '../src/destinations/pacer.js';
import type { Awaitable } from '../src/domain/awaitable.js';
import { range } from '../src/domain/range.js';
import type { Json } from '../src/domain/subscription.js';
import { usageDay } from '../src/domain/billing-cycle.js';
import { TurnAwaitedError, WorkerStoppingError } from '../src/errors/errors.js';
import { batchesOf, type LineBatch } from '../src/staging/lines.js';
import type { ChunkPlace, LineOutcome } from '../src/staging/staging.js';
import type { StagedChunk } from '../src/warehouses/warehouse.js';
import type { ActivityDependencies } from './dependencies.js';
import { takeChunk, type ChunkLease } from './lease.js';
import { gracefulStop, type GracefulStop } from './graceful-stop.js';
import { suspectOf, type LoneSuspect } from './lone-suspect.js';
import { ChunkOutcomes, countChunk, summarize, unsuccessfulRecords } from './outcomes.js';
import { serverClock, type ServerClock } from './server-clock.js';
import { resumedProgress, withHeartbeat, type Progress } from './step.js';
import type { LoadInput, LoadSummary } from './types.js';

/**
 * Step 5, many times: maps, batches and delivers one chunk. Every batch's outcome is logged before the next one is sent, so that another attempt goes on
 * after the last logged batch; the one that was under way when this process died is sent again under the same messageIds.
 */
export async function loadChunk(dependencies: ActivityDependencies, input: LoadInput): Promise<LoadSummary> {
  const { sync, subscription, chunk: number } = input;
  const warehouse = dependencies.warehouseOf(subscription);
  const destination = dependencies.destinationOf(subscription);
  const { activityId, attempt, workflowExecution } = Context.current().info;
  const holder = `${workflowExecution?.runId ?? 'none'}/${activityId}/${attempt}`;
  const clock = serverClock();
  const pacer = dependencies.pacerOf(subscription);
  const stopWatching = pacer.watch();
  return withHeartbeat(async (report) => {
    const pausedMs = pacer.pausedMs();
    if (pausedMs > patienceMs) throw new TurnAwaitedError(subscription.destination, 'it asked for a pause', pausedMs);
    const taken = await takeChunk(warehouse, sync, number, holder, destination.limits.timeoutMs);
    if (taken.kind === 'finished') return { ...taken.counts, stop: null, finishedOn: usageDay(clock.now()) };
    const stopping = gracefulStop(destination.limits.timeoutMs);
    let outcomes: ChunkOutcomes | null = null;
    try {
      outcomes = await ChunkOutcomes.open(dependencies.staging, { subscriptionId: sync.subscriptionId, syncNumber: sync.number, chunk: number }, attempt);
      const load = new ChunkLoad(dependencies, input, taken.chunk, destination, outcomes, pacer, taken.lease, stopping, clock, report);
      return await load.run();
    } finally {
      stopping.dispose();
      await outcomes?.close();
      // Best effort: a lease that can't be given back runs out by itself.
      await taken.lease.release().catch(() => undefined);
    }
  }).finally(stopWatching);
}

/** A load that has to wait longer than this, in ms, gives up its place on this worker. Coming back costs it reading its chunk again. */
const patienceMs = 10_000;

class ChunkLoad {
  private readonly place: ChunkPlace;
  private readonly pacing: Pacing;
  private readonly limits: Pick<DestinationLimits, 'batchSize' | 'batchBytes'>;
  /** Since when nothing gets through, in ms since the epoch, where this load left off because of that; null otherwise. */
  private silentSinceMs: number | null = resumedProgress()?.silentSinceMs ?? null;
  private suspect: LoneSuspect | null = null;

  constructor(
    private readonly dependencies: ActivityDependencies,
    private readonly input: LoadInput,
    private readonly chunk: StagedChunk,
    private readonly destination: Destination,
    private readonly outcomes: ChunkOutcomes,
    pacer: Pacer,
    private readonly lease: ChunkLease,
    private readonly stopping: GracefulStop,
    private readonly clock: ServerClock,
    private readonly report: (progress: Progress) => void,
  ) {
    this.place = { subscriptionId: input.sync.subscriptionId, syncNumber: input.sync.number, chunk: chunk.chunk };
    this.pacing = { pacer, patienceMs, signal: Context.current().cancellationSignal };
    const { batchSize, batchBytes, rateLimit } = destination.limits;
    this.limits = { batchBytes, batchSize: Math.min(batchSize, rateLimit?.records ?? batchSize) };
  }

  async run(): Promise<LoadSummary> {
    const { staging } = this.dependencies;
    const stop = await this.deliverRest();
    if (this.stopping.reason() === 'worker') throw new WorkerStoppingError();
    const log = summarize(this.outcomes.entries);
    const tail = { ambiguous: 0, reason: stop ?? 'the sync was canceled' };
    const counts = countChunk(this.chunk, log, tail);
    await this.lease.finish(counts, unsuccessfulRecords(staging, this.place, this.chunk, log, tail), this.clock.now());
    return { ...counts, stop, finishedOn: usageDay(this.clock.now()) };
  }

  /** Sends what has no logged outcome yet, in order. Returns why the sync should send no more, or null. */
  private async deliverRest(): Promise<string | null> {
    const { staging } = this.dependencies;
    const map = this.dependencies.mapperOf(this.input.subscription);
    const blocks = staging.readChunk(this.place, { name: this.chunk.file, sha256: this.chunk.sha256 });
    for await (const batches of batchesOf(blocks, this.limits, summarize(this.outcomes.entries).position)) {
      for (const batch of batches) {
        if (this.stopping.reason() !== null) return null;
        const end = await this.deliver(batch, map);
        if (end !== null) return end.reason;
      }
    }
    return this.suspect?.reason ?? null;
  }

  /** Sends a batch and logs what became of it. Returns null when the next one may go, or why none should. */
  private async deliver(batch: LineBatch, map: Mapper | null): Promise<{ readonly reason: string | null } | null> {
    const { sendable, unmappable } = mapBatch(this.place, batch, map);
    const room = this.outcomes.makeRoom(batch.events.size);
    if (room !== undefined) await room;
    const outcome = await this.send(sendable);
    const { stop } = outcome;
    // A stopping worker leaves the batch unlogged: its successor sends it again under the same messageIds.
    if (stop?.kind === 'canceled' && this.stopping.reason() === 'worker') return { reason: null };
    const upTo = (stop?.kind === 'later' ? sendable.place?.lines[stop.settled] : undefined) ?? batch.firstLine + batch.events.size;
    const unsuccessful = unsuccessfulLines(sendable, outcome);
    const failed = [...unmappable, ...unsuccessful].filter(({ line }) => line < upTo);
    if (stop?.kind === 'later') return this.leaveOff(upTo, failed, stop);
    this.silentSinceMs = null;
    const culprit = this.suspect?.verdict(outcome) ?? [];
    const logged = this.outcomes.append({ upTo, batchSize: this.limits.batchSize, failed: [...culprit, ...failed] });
    if (logged !== undefined) await logged;
    this.report({ processed: upTo });
    const suspect = this.suspect === null ? suspectOf(outcome, unsuccessful) : null;
    if (stop !== null && suspect === null) return { reason: stop.kind === 'canceled' ? null : stop.reason };
    if (suspect !== null || culprit.length > 0) this.suspect = suspect;
    return null;
  }

  private send(sendable: RecordBatch): Promise<BatchOutcome> {
    return deliverBatch(this.destination, sendable, {
      signal: this.stopping.signal,
      beforeAttempt: (requestMs) => {
        const note = (): Awaitable<void> => this.outcomes.noteUnderWay(this.limits.batchSize);
        const renewed = this.lease.ensureOutlasts(requestMs);
        return renewed === undefined ? note() : renewed.then(note);
      },
      pacing: this.pacing,
      silentMs: this.silentMs(),
    });
  }

  /** For how long nothing has got through. What follows a suspect gets one attempt. */
  private silentMs(): number {
    if (this.suspect !== null) return this.destination.limits.giveUpAfterMs;
    return this.silentSinceMs === null ? 0 : Math.max(0, this.clock.now() - this.silentSinceMs); // another worker's clock may have been ahead
  }

  /** Gives up this load's place on the worker until it may go on. */
  private async leaveOff(firstLine: number, ended: readonly LineOutcome[], { reason, waitMs, silentMs }: Extract<Stop, { kind: 'later' }>): Promise<never> {
    await this.outcomes.leaveOff({ upTo: firstLine, batchSize: this.limits.batchSize, failed: ended });
    this.report({ processed: firstLine, ...(silentMs === null ? {} : { silentSinceMs: this.clock.now() - silentMs }) });
    throw new TurnAwaitedError(this.input.subscription.destination, reason, waitMs);
  }
}

interface Mapped {
  readonly sendable: RecordBatch;
  readonly unmappable: readonly LineOutcome[];
}

/** Lines in a row, written out only for a destination with a memory, or where something went wrong. */
class LinesFrom implements BatchPlace {
  #lines: readonly number[] | null = null;

  constructor(
    readonly chunk: number,
    private readonly first: number,
    private readonly count: number,
  ) {}

  get lines(): readonly number[] {
    this.#lines ??= range(this.first, this.count);
    return this.#lines;
  }
}

/** A record that the mapping can't be applied to fails alone; it counts as an attempt, because only the record or the mapping can mend it. */
function mapBatch({ subscriptionId, syncNumber, chunk }: ChunkPlace, { firstLine, events }: LineBatch, map: Mapper | null): Mapped {
  if (map === null) return { sendable: new RecordBatch({ subscriptionId, syncNumber, place: new LinesFrom(chunk, firstLine, events.size) }, events), unmappable: [] };
  const sendable: { readonly line: number; readonly record: MappedRecord }[] = [];
  const unmappable: LineOutcome[] = [];
  for (const [index, event] of events.parse().entries()) {
    const line = firstLine + index;
    try {
      sendable.push({ line, record: map(event) });
    } catch (error) {
      if (!(error instanceof MappingError)) throw error;
      unmappable.push({ line, outcome: 'failed', reason: error.reason });
    }
  }
  const origin = { subscriptionId, syncNumber, place: { chunk, lines: sendable.map(({ line }) => line) } };
  return { sendable: new RecordBatch(origin, sendable.map(({ record }) => record)), unmappable };
}

function unsuccessfulLines(batch: RecordBatch, outcome: BatchOutcome): readonly LineOutcome[] {
  if (outcome.records.every(({ kind }) => kind === 'succeeded')) return [];
  return outcome.records.flatMap((end, index) => {
    const line = batch.place?.lines[index];
    return line === undefined || end.kind === 'succeeded' ? [] : [lineOutcome(line, end.kind === 'failed' ? { ...end, reason: hideValues(end.reason, valuesOf(batch.records[index])) } : end)];
  });
}

/** What a destination was told of a record, and may quote. */
function valuesOf(record: MappedRecord | undefined): Json {
  if (record === undefined) return null;
  const { event, body } = record;
  return event === body ? event.properties : [event.properties, body];
}

function lineOutcome(line: number, { kind, ...words }: Exclude<RecordEnd, { kind: 'succeeded' }>): LineOutcome {
  return { line, outcome: kind, ...words };
}
