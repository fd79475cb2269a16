import { FencedError, LeaseHeldError } from '../src/errors/errors.js';
import type { Awaitable } from '../src/domain/awaitable.js';
import type { ChunkCounts, RecordOutcome, StagedChunk, SyncRef, Warehouse } from '../src/warehouses/warehouse.js';

const renewEveryMs = 3_000;
/** What a lease lasts beyond one request: room for a missed renewal, without making a successor wait long. */
const marginMs = 7_000;

export type Taken =
  | { readonly kind: 'leased'; readonly lease: ChunkLease; readonly chunk: StagedChunk }
  | { readonly kind: 'finished'; readonly counts: ChunkCounts };

/** Takes a chunk. Throws LeaseHeldError while an earlier attempt may still be sending. */
export async function takeChunk(warehouse: Warehouse, sync: SyncRef, chunk: number, holder: string, requestMs: number): Promise<Taken> {
  const leaseMs = requestMs + marginMs;
  const askedAt = performance.now();
  const answer = await warehouse.acquireChunk(sync, chunk, holder, leaseMs);
  switch (answer.kind) {
    case 'finished':
      return answer;
    case 'held':
      throw new LeaseHeldError(`chunk ${chunk} of sync ${sync.subscriptionId}-${sync.number}`, answer.remainingMs);
    case 'acquired':
      return { kind: 'leased', lease: new ChunkLease(warehouse, sync, chunk, holder, leaseMs, askedAt + leaseMs), chunk: answer.chunk };
  }
}

/**
 * The right to send one chunk's records (DESIGN, invariant 4). Its end is kept on this process's monotonic clock and counted from before the warehouse was asked,
 * so that it never outlasts the warehouse's own idea of it, also when this process was stopped and woken.
 */
export class ChunkLease {
  readonly #timer: NodeJS.Timeout;
  #lost: FencedError | null = null;
  #isFinished = false;

  constructor(
    private readonly warehouse: Warehouse,
    private readonly sync: SyncRef,
    private readonly chunk: number,
    private readonly holder: string,
    private readonly leaseMs: number,
    private endsAt: number,
  ) {
    this.#timer = setInterval(() => {
      this.#renew().catch((error: unknown) => {
        // Fenced for good; anything else (the warehouse is away for a moment) shows when the lease is too short to send.
        if (error instanceof FencedError) this.#lost = error;
      });
    }, renewEveryMs);
  }

  /** Done only while the lease outlasts a request of `requestMs`; throws FencedError when it is lost. */
  ensureOutlasts(requestMs: number): Awaitable<void> {
    if (this.#lost !== null) throw this.#lost;
    if (performance.now() + requestMs >= this.endsAt) return this.#renew();
  }

  /** Writes down how the chunk ended, which ends the lease too. */
  async finish(counts: ChunkCounts, outcomes: AsyncIterable<RecordOutcome>, atMs: number): Promise<void> {
    await this.warehouse.finishChunk(this.sync, this.chunk, this.holder, counts, outcomes, atMs);
    this.#isFinished = true;
  }

  /** Lets a successor start at once, where there is something left for one. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    if (!this.#isFinished) await this.warehouse.releaseChunk(this.sync, this.chunk, this.holder);
  }

  async #renew(): Promise<void> {
    const askedAt = performance.now();
    const answer = await this.warehouse.acquireChunk(this.sync, this.chunk, this.holder, this.leaseMs);
    if (answer.kind !== 'acquired') throw new FencedError(`chunk ${this.chunk} of sync ${this.sync.subscriptionId}-${this.sync.number} was taken over by another attempt`);
    this.endsAt = askedAt + this.leaseMs;
  }
}
