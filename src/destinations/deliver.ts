import { waitBeforeRetry } from './backoff.js';
import type { Awaitable } from '../domain/awaitable.js';
import { range } from '../domain/range.js';
import type { RecordBatch } from './batch.js';
import { systemClock, type Clock } from './clock.js';
import type { DeliveryAnswer, Destination } from './destination.js';
import { free, type Go, type Pacer, type Turn } from './pacer.js';
import { Suspects } from './suspects.js';
import { halves, judge, succeeded, type Group, type RecordEnd, type Refusal } from './verdict.js';

export type { RecordEnd, Refusal } from './verdict.js';

/** What became of a batch. */
export interface BatchOutcome {
  /** One for each record, in the order of the batch. */
  readonly records: readonly RecordEnd[];
  /** Not null when the sync should send nothing more. */
  readonly stop: Stop | null;
}

/** `reason` holds no record's values, so it may be shown in Temporal. */
export type Stop =
  /** Nothing got through for `giveUpAfterMs`. `alone`: what was heard of the only record of the batch, where it may be the cause itself; otherwise null. */
  | { readonly kind: 'gave_up'; readonly reason: string; readonly alone: Refusal | null }
  /** Nothing will get through until someone changes the configuration. */
  | { readonly kind: 'unauthorized'; readonly reason: string }
  /** The signal was aborted. */
  | { readonly kind: 'canceled'; readonly reason: string }
  /**
   * Its next turn is further away than the sender wants to wait. The first `settled` records of the batch have ended, the others certainly did not arrive.
   * `silentMs`: for how long nothing got through, null where nothing failed.
   */
  | { readonly kind: 'later'; readonly reason: string; readonly waitMs: number; readonly settled: number; readonly silentMs: number | null };

export interface DeliverOptions {
  /** Ends a wait or a request at once; what was under way then counts as ambiguous. */
  readonly signal: AbortSignal;
  /** Called before each attempt with the ms that it may take at most. The sender proves here that it may still send; what it throws ends the delivery. */
  readonly beforeAttempt: (attemptMs: number) => Awaitable<void>;
  readonly pacing?: Pacing;
  /** For how long nothing had got through before this delivery. */
  readonly silentMs?: number;
  readonly clock?: Clock;
}

/**
 * Keeps every attempt to the destination's rate and pauses; a turn that is more than `patienceMs` away ends the delivery, where that leaves nothing half done.
 * `signal` ends the wait for a turn, and one between attempts while nothing of the batch has ended.
 */
export interface Pacing {
  readonly pacer: Pacer;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/**
 * Brings every record of a batch to an end, through retries, splitting and refusals (CONTRACT, "What a destination gets").
 * An outage is waited out for `giveUpAfterMs`, counted from the last time that the destination settled something.
 * Records that it keeps putting off for that long fail if it took others of the batch; if it took none, that is an outage.
 * A record that leaves every batch unanswered is found by splitting, and ends alone. Where it was alone from the start, only another batch can tell.
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
  readonly #suspects = new Suspects();
  #groups: readonly Group[];
  /** Answers that settled something. */
  #settlements = 0;
  #tookAll = false;
  #failures = 0;
  #lastSettledMs: number;

  constructor(destination: Destination, batch: RecordBatch, options: DeliverOptions) {
    this.#destination = destination;
    this.#batch = batch;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#groups = batch.size === 0 ? [] : [range(0, batch.size)];
    this.#lastSettledMs = this.#clock.now() - (options.silentMs ?? 0);
  }

  async run(): Promise<BatchOutcome> {
    for (let [group, ...rest] = this.#groups; group !== undefined; [group, ...rest] = this.#groups) {
      this.#groups = rest;
      const stop = await this.#send(group);
      if (stop !== null) return this.#outcome(stop);
    }
    return this.#outcome(null);
  }

  async #send(group: Group): Promise<Stop | null> {
    const answer = await this.#attempt(group);
    if (answer === null) return canceled;
    if (answer.kind === 'later') return answer;
    const verdict = judge(answer, group);
    switch (verdict.kind) {
      case 'taken':
        this.#take(group);
        return null;
      case 'go_on':
        this.#settle(verdict.ended);
        this.#groups = [...verdict.next, ...this.#groups];
        return null;
      case 'outage':
        if (verdict.sent) this.#doubt(group);
        return verdict.suspect ? this.#retrySuspects(group, verdict) : this.#retry([group, ...this.#groups], verdict);
      case 'put_off':
        if (verdict.ended.size > 0) this.#settle(verdict.ended);
        return this.#retryPutOff(verdict.putOff);
      case 'stop':
        return { kind: 'unauthorized', reason: verdict.reason };
    }
  }

  /** Null when the signal aborted. */
  async #attempt(group: Group): Promise<DeliveryAnswer | Later | null> {
    if (this.#isCanceled()) return null;
    const asked = this.#turn(group);
    const turn = asked instanceof Promise ? await asked : asked;
    if (turn?.kind !== 'go') return turn;
    let mayLeave = false;
    try {
      const leave = this.#options.beforeAttempt(this.#destination.limits.timeoutMs);
      if (leave !== undefined) await leave;
      mayLeave = true;
      return await this.#destination.deliver(group.length === this.#batch.size ? this.#batch : this.#batch.part(group), this.#options.signal);
    } catch (error) {
      if (!mayLeave || !this.#isCanceled()) throw error;
      this.#doubt(group);
      return null;
    } finally {
      turn.end();
    }
  }

  /** When the group may leave. */
  #turn(group: Group): Go | Promise<Go | Later | null> {
    const { pacing } = this.#options;
    if (pacing === undefined) return free;
    const pausedMs = pacing.pacer.pausedMs();
    const turn = pacing.pacer.turn(group.length, this.#isHalfDone() ? Infinity : pacing.patienceMs, pacing.signal);
    return turn instanceof Promise ? this.#awaitTurn(turn, pausedMs, pacing.signal) : turn;
  }

  /** Null when the signal aborted. */
  async #awaitTurn(asked: Promise<Turn>, pausedMs: number, signal: AbortSignal): Promise<Go | Later | null> {
    const askedMs = this.#clock.now();
    try {
      const turn = await asked;
      // Waiting for the rate is nobody's silence; a pause that the destination asked for is.
      this.#lastSettledMs += Math.max(0, this.#clock.now() - askedMs - pausedMs);
      if (turn.kind === 'go') return turn;
      const silentMs = this.#failures === 0 ? null : this.#clock.now() - this.#lastSettledMs;
      return { kind: 'later', reason: pausedMs > 0 ? 'it asked for a pause' : 'its rate limit is used up', waitMs: turn.ms, settled: this.#ends.size, silentMs };
    } catch (error) {
      if (!signal.aborted) throw error;
      return null;
    }
  }

  /** Whether leaving off now would lose something: what has ended is not the beginning of the batch, or an answer about the rest was lost. */
  #isHalfDone(): boolean {
    const settled = this.#ends.size;
    return [...this.#ends.keys()].some((index) => index >= settled) || [...this.#maybeSent].some((index) => !this.#ends.has(index));
  }

  async #retryPutOff(putOff: ReadonlyMap<number, Refusal>): Promise<Stop | null> {
    // The destination's words about a record stay out of this reason, which may be shown in Temporal.
    const refusal = { reason: 'the destination asks to send records again later' };
    const stop = await this.#retry([[...putOff.keys()], ...this.#groups], { refusal, retryAfterMs: null, throttled: false });
    if (stop?.kind !== 'gave_up' || !this.#tookSome()) return stop;
    this.#settle(new Map([...putOff].map(([index, refusal]) => [index, { kind: 'failed', ...refusal }])));
    return null;
  }

  /** What is suspect goes last: while others are taken, the silence is no outage. Several that are the cause may wait for each other; they end when it is time to give up. */
  async #retrySuspects(group: Group, failed: Failed): Promise<Stop | null> {
    const next = this.#suspects.judge(group, this.#settlements);
    if (next === 'end') return this.#endSuspects(group, failed.refusal);
    const stop = await this.#retry(next === 'repeat' ? [group, ...this.#groups] : [...this.#groups, ...halves(group)], failed);
    if (stop?.kind !== 'gave_up') return stop;
    if (!this.#tookSome()) return { ...stop, alone: this.#batch.size === 1 ? failed.refusal : null };
    const [suspects, others] = this.#suspects.tellApart(this.#groups);
    this.#groups = others;
    return this.#endSuspects([group, ...suspects].flat(), failed.refusal);
  }

  /** Not settled: that would be taken for a sign that the destination is there. */
  #endSuspects(group: Group, { reason, ...code }: Refusal): null {
    const words = `${reason}, though it took other records of the batch`;
    for (const index of group) this.#ends.set(index, this.#maybeSent.has(index) ? { kind: 'ambiguous', reason: words } : { kind: 'failed', reason: words, ...code });
    return null;
  }

  /** Waits, then has `groups` sent; or tells to stop. */
  async #retry(groups: readonly Group[], { refusal: { reason }, retryAfterMs, throttled }: Failed): Promise<Stop | null> {
    const { giveUpAfterMs } = this.#destination.limits;
    this.#failures += 1;
    const remainingMs = giveUpAfterMs - (this.#clock.now() - this.#lastSettledMs);
    const waitMs = waitBeforeRetry(this.#failures, retryAfterMs, remainingMs, this.#clock.random());
    if (waitMs === null) return { kind: 'gave_up', reason: gaveUpReason(reason, giveUpAfterMs, retryAfterMs), alone: null };
    this.#groups = groups;
    if (this.#options.pacing !== undefined && (throttled || retryAfterMs !== null)) {
      this.#options.pacing.pacer.pause(waitMs); // the next attempt waits for its end, like everyone
      return null;
    }
    const { signal } = this.#waitsFor();
    try {
      await this.#clock.sleep(waitMs, signal);
      return null;
    } catch (error) {
      if (!signal.aborted) throw error;
      return canceled;
    }
  }

  /** Whose signal ends a wait between attempts. The time that an attempt under way gets to end is of use only to a batch of which something has ended, or the rest of it would be sent again. */
  #waitsFor(): { readonly signal: AbortSignal } {
    return this.#ends.size === 0 ? (this.#options.pacing ?? this.#options) : this.#options;
  }

  #take(group: Group): void {
    // Nearly always it is all of them at once, and nothing needs to be kept of each.
    this.#tookAll = group.length === this.#batch.size;
    this.#settle(this.#tookAll ? [] : group.map((index) => [index, succeeded]));
  }

  #settle(ended: Iterable<readonly [number, RecordEnd]>): void {
    for (const [index, end] of ended) this.#ends.set(index, end);
    this.#settlements += 1;
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
    if (this.#tookAll) return { records: new Array<RecordEnd>(this.#batch.size).fill(succeeded), stop };
    const reason = stop?.reason ?? 'nothing was left to send';
    const records = Array.from({ length: this.#batch.size }, (_, index): RecordEnd => {
      return this.#ends.get(index) ?? { kind: this.#maybeSent.has(index) ? 'ambiguous' : 'not_sent', reason };
    });
    return { records, stop };
  }
}

type Later = Extract<Stop, { kind: 'later' }>;

/** Why something of an attempt goes again. `throttled`: it was too much at once, whoever sent it. */
interface Failed {
  readonly refusal: Refusal;
  readonly retryAfterMs: number | null;
  readonly throttled: boolean;
}

const canceled: Stop = { kind: 'canceled', reason: 'the delivery was canceled' };

function gaveUpReason(reason: string, giveUpAfterMs: number, retryAfterMs: number | null): string {
  const asked = retryAfterMs !== null && retryAfterMs > 0 ? `, and wants to be asked again only in ${Math.ceil(retryAfterMs / 1000)} s` : '';
  return `gave up within the ${giveUpAfterMs / 1000} s of giveUpAfter: ${reason}${asked}`;
}
