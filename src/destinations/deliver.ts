import { setTimeout as sleep } from 'node:timers/promises';
import { waitBeforeRetry } from './backoff.js';
import type { RecordBatch } from './batch.js';
import type { DeliveryAnswer, Destination } from './destination.js';
import { judge, type Group, type RecordEnd, type Refusal } from './verdict.js';

export type { RecordEnd } from './verdict.js';

/** What became of a batch. */
export interface BatchOutcome {
  /** One for each record, in the order of the batch. */
  readonly records: readonly RecordEnd[];
  /** Not null when the sync should send nothing more. */
  readonly stop: Stop | null;
}

/** `reason` holds no record's values, so it may be shown in Temporal. */
export type Stop =
  /** Nothing got through for `giveUpAfterMs`. */
  | { readonly kind: 'gave_up'; readonly reason: string }
  /** Nothing will get through until someone changes the configuration. */
  | { readonly kind: 'unauthorized'; readonly reason: string }
  /** The signal was aborted. */
  | { readonly kind: 'canceled'; readonly reason: string };

export interface DeliverOptions {
  /** Ends a wait or a request at once; what was under way then counts as ambiguous. */
  readonly signal: AbortSignal;
  /** Called before each attempt with the ms that it may take at most. The sender proves here that it may still send; what it throws ends the delivery. */
  readonly beforeAttempt: (attemptMs: number) => Promise<void>;
  /** Called before each wait. */
  readonly onRetry?: (retry: { readonly records: number; readonly waitMs: number; readonly reason: string }) => void;
  readonly clock?: Clock;
}

export interface Clock {
  /** Monotonic, in ms. */
  now(): number;
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
}

const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  random: () => Math.random(),
};

/**
 * Brings every record of a batch to an end, through retries, splitting and refusals (CONTRACT, "What a destination gets").
 * An outage is waited out for `giveUpAfterMs`, counted from the last time that the destination settled something.
 * Records that it keeps putting off for that long fail if it took others of the batch; if it took none, that is an outage.
 *
 * @throws what `beforeAttempt` throws
 */
export function deliverBatch(destination: Destination, batch: RecordBatch, options: DeliverOptions): Promise<BatchOutcome> {
  return new Delivery(destination, batch, options).run();
}

class Delivery {
  readonly #destination: Destination;
  readonly #batch: RecordBatch;
  readonly #options: DeliverOptions;
  readonly #clock: Clock;
  readonly #ends = new Map<number, RecordEnd>();
  /** Records that an unanswered request held. They stay here until they are settled: only an answer about them ends the doubt. */
  readonly #maybeSent = new Set<number>();
  readonly #groups: Group[];
  #failures = 0;
  #lastSettledMs: number;

  constructor(destination: Destination, batch: RecordBatch, options: DeliverOptions) {
    this.#destination = destination;
    this.#batch = batch;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#groups = batch.size === 0 ? [] : [Array.from({ length: batch.size }, (_, index) => index)];
    this.#lastSettledMs = this.#clock.now();
  }

  async run(): Promise<BatchOutcome> {
    for (let group = this.#groups.shift(); group !== undefined; group = this.#groups.shift()) {
      const stop = await this.#send(group);
      if (stop !== null) return this.#outcome(stop);
    }
    return this.#outcome(null);
  }

  async #send(group: Group): Promise<Stop | null> {
    const answer = await this.#attempt(group);
    if (answer === null) return canceled;
    const verdict = judge(answer, group);
    switch (verdict.kind) {
      case 'go_on':
        this.#settle(verdict.ended);
        this.#groups.unshift(...verdict.next);
        return null;
      case 'outage':
        if (verdict.sent) this.#doubt(group);
        return this.#retry(group, verdict.reason, verdict.retryAfterMs);
      case 'put_off':
        if (verdict.ended.size > 0) this.#settle(verdict.ended);
        return this.#retryPutOff(verdict.putOff);
      case 'stop':
        return { kind: 'unauthorized', reason: verdict.reason };
    }
  }

  /** Null when the signal aborted. */
  async #attempt(group: Group): Promise<DeliveryAnswer | null> {
    if (this.#isCanceled()) return null;
    await this.#options.beforeAttempt(this.#destination.limits.timeoutMs);
    try {
      return await this.#destination.deliver(group.length === this.#batch.size ? this.#batch : this.#batch.part(group), this.#options.signal);
    } catch (error) {
      if (!this.#isCanceled()) throw error;
      this.#doubt(group);
      return null;
    }
  }

  async #retryPutOff(putOff: ReadonlyMap<number, Refusal>): Promise<Stop | null> {
    // The destination's words about a record stay out of this reason, which may be shown in Temporal.
    const stop = await this.#retry([...putOff.keys()], 'the destination asks to send records again later', null);
    if (stop?.kind !== 'gave_up' || !this.#tookSome()) return stop;
    this.#settle(new Map([...putOff].map(([index, refusal]) => [index, { kind: 'failed', ...refusal }])));
    return null;
  }

  /** Waits, then has the group sent again; or tells to stop. */
  async #retry(group: Group, reason: string, retryAfterMs: number | null): Promise<Stop | null> {
    const { giveUpAfterMs } = this.#destination.limits;
    this.#failures += 1;
    const remainingMs = giveUpAfterMs - (this.#clock.now() - this.#lastSettledMs);
    const waitMs = waitBeforeRetry(this.#failures, retryAfterMs, remainingMs, this.#clock.random());
    if (waitMs === null) return { kind: 'gave_up', reason: gaveUpReason(reason, giveUpAfterMs, retryAfterMs) };
    this.#options.onRetry?.({ records: group.length, waitMs, reason });
    this.#groups.unshift(group);
    try {
      await this.#clock.sleep(waitMs, this.#options.signal);
      return null;
    } catch (error) {
      if (!this.#isCanceled()) throw error;
      return canceled;
    }
  }

  #settle(ended: ReadonlyMap<number, RecordEnd>): void {
    for (const [index, end] of ended) this.#ends.set(index, end);
    this.#failures = 0;
    this.#lastSettledMs = this.#clock.now();
  }

  #doubt(group: Group): void {
    for (const index of group) this.#maybeSent.add(index);
  }

  #isCanceled(): boolean {
    return this.#options.signal.aborted;
  }

  #tookSome(): boolean {
    return [...this.#ends.values()].some((end) => end.kind === 'succeeded');
  }

  #outcome(stop: Stop | null): BatchOutcome {
    const reason = stop?.reason ?? 'nothing was left to send';
    const records = Array.from({ length: this.#batch.size }, (_, index): RecordEnd => {
      return this.#ends.get(index) ?? { kind: this.#maybeSent.has(index) ? 'ambiguous' : 'not_sent', reason };
    });
    return { records, stop };
  }
}

const canceled: Stop = { kind: 'canceled', reason: 'the delivery was canceled' };

function gaveUpReason(reason: string, giveUpAfterMs: number, retryAfterMs: number | null): string {
  const asked = retryAfterMs !== null && retryAfterMs > 0 ? `, and wants to be asked again only in ${Math.ceil(retryAfterMs / 1000)} s` : '';
  return `gave up within the ${giveUpAfterMs / 1000} s of giveUpAfter: ${reason}${asked}`;
}
