import { leaseMs, type RateAnswer, type RateLimit, type RateRequest } from '../domain/rate-book.js';
import { systemClock, type Clock } from './clock.js';
import type { Pause } from './pause.js';
import { SendWindow } from './send-window.js';

/** The right to send, or how long it takes until there is one. */
export type Turn = Go | { readonly kind: 'wait'; readonly ms: number };

/** Call `end` when the attempt is over, however it ended. */
export interface Go {
  readonly kind: 'go';
  readonly end: () => void;
}

/** When the records of one sync may leave. Shared by all its loads on this worker. */
export interface Pacer {
  /** Waits for its turn, but answers with how long that takes where it is longer than `patienceMs`. Rejects when the signal aborts. */
  turn(records: number, patienceMs: number, signal: AbortSignal): Go | Promise<Turn>;
  /** The destination asked everyone to send nothing for so long. */
  pause(ms: number): void;
  /** How long nothing should be sent, in ms. */
  pausedMs(): number;
  /** Heeds the pauses that others are told, until what it returns is called. */
  watch(): () => void;
}

/** Where workers share a destination's rate and its pauses. */
export interface RateOffice {
  /** @throws when nobody answers */
  ask(request: RateRequest): Promise<RateAnswer>;
  release(holder: string, recent: number): Promise<void>;
  pause(ms: number): Promise<void>;
  /** For how long nothing should be sent, as all have told. */
  pausedMs(): Promise<number>;
}

/** The turn of whoever has no rate to keep. */
export const free: Go = { kind: 'go', end: () => undefined };

export interface PacerOptions {
  readonly limit: RateLimit | null;
  readonly batchSize: number;
  readonly subscriptionId: string;
  /** Tells this worker's part of the sync from others'. */
  readonly holder: string;
  readonly office: RateOffice;
  readonly pause: Pause;
  readonly clock?: Clock;
}

export function createPacer({ limit, ...options }: PacerOptions): Pacer {
  const clock = options.clock ?? systemClock;
  const lease = limit === null ? null : new Lease({ ...options, limit, clock });
  const attempt = async (records: number): Promise<Turn> => {
    const pausedMs = options.pause.remainingMs();
    if (pausedMs > 0) return { kind: 'wait', ms: pausedMs };
    return lease?.take(records) ?? free;
  };
  const wait = async (records: number, patienceMs: number, signal: AbortSignal): Promise<Turn> => {
    const latest = clock.now() + patienceMs;
    for (;;) {
      const turn = await attempt(records);
      if (turn.kind === 'go' || clock.now() + turn.ms > latest) return turn;
      await clock.sleep(turn.ms, signal);
    }
  };
  return {
    turn: (records, patienceMs, signal) => (lease === null && options.pause.remainingMs() === 0 ? free : wait(records, patienceMs, signal)),
    pause: (ms) => {
      options.pause.extend(ms);
      // Whoever doesn't hear of it is told by the destination itself.
      options.office.pause(ms).catch(() => undefined);
    },
    pausedMs: () => options.pause.remainingMs(),
    // Whoever asks for leases is told of pauses.
    watch: () => (lease === null ? options.pause.watch() : () => undefined),
  };
}

/** How soon to ask again when nobody answers, in ms. */
const unansweredMs = 1_000;
/** How soon to look again when the answer to a request makes room, in ms. */
const underWayMs = 10;
/** Room for a few batches: who asks for too little asks too often, and what a lost worker had too much of is lost for a time. */
const batchesAtLeast = 4;

/** A sync's part of a destination's rate on this worker, and what was sent of it. */
class Lease {
  readonly #window: SendWindow;
  readonly #least: number;
  #held: { readonly records: number; readonly untilMs: number; readonly mayGrow: boolean } | null = null;
  #asking: Promise<number> | null = null;
  /** Since the last request: the most that counted at once, and whether more would have been sent. */
  #used = { peak: 0, heldUp: true };

  constructor(private readonly options: Omit<PacerOptions, 'limit'> & { readonly limit: RateLimit; readonly clock: Clock }) {
    this.#window = new SendWindow(options.limit.perMs);
    this.#least = Math.min(options.batchSize, options.limit.records);
  }

  async take(records: number): Promise<Turn> {
    const { clock } = this.options;
    const held = this.#held;
    const lacks = held !== null && this.#window.recordsAt(clock.now()) + records > held.records;
    if (held === null || held.untilMs <= clock.now() || (lacks && held.mayGrow)) {
      const waitMs = await this.#ask(lacks);
      if (waitMs > 0) return { kind: 'wait', ms: waitMs };
    }
    return this.#begin(records);
  }

  #begin(records: number): Turn {
    const { clock } = this.options;
    const now = clock.now();
    const most = this.#held === null || this.#held.untilMs <= now ? 0 : this.#held.records;
    const freeMs = this.#window.msUntilAtMost(most - records, now);
    if (freeMs > 0) {
      this.#used.heldUp = true;
      return { kind: 'wait', ms: Number.isFinite(freeMs) ? freeMs : underWayMs };
    }
    const end = this.#window.begin(records);
    this.#used.peak = Math.max(this.#used.peak, this.#window.recordsAt(now));
    return { kind: 'go', end: () => end(clock.now()) };
  }

  /** Asks once for all loads that need it. Returns how long to wait, 0 when there is a lease. */
  #ask(isHeldUp: boolean): Promise<number> {
    this.#used.heldUp ||= isHeldUp;
    this.#asking ??= this.#request().finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #request(): Promise<number> {
    const { clock, office, holder, subscriptionId, limit } = this.options;
    this.#held = null;
    const askedMs = clock.now();
    const recent = this.#window.recordsAt(askedMs);
    const most = this.#mostOf(recent);
    const answer = await office.ask({ holder, subscriptionId, limit, least: this.#least, most, recent }).catch((): RateAnswer => ({ kind: 'wait', ms: unansweredMs }));
    if (answer.kind === 'wait') return Math.max(1, answer.ms);
    this.#used = { peak: recent, heldUp: false };
    this.#held = { records: answer.records, untilMs: askedMs + answer.lastsMs, mayGrow: answer.records >= most && most < limit.records };
    this.#releaseOnceOver(answer.lastsMs);
    return 0;
  }

  /** What it may need: as much as it used and half as much again, or a good step more where it was held up. */
  #mostOf(recent: number): number {
    const { limit } = this.options;
    const step = Math.max(batchesAtLeast * this.#least, Math.floor(limit.records * Math.min(1, leaseMs / limit.perMs)));
    const most = this.#used.heldUp ? recent + step : Math.max(2 * this.#used.peak, batchesAtLeast * this.#least);
    return Math.min(limit.records, most);
  }

  /** Tells what was really used of a lease that nobody renews, where others would have to wait long for the rest. */
  #releaseOnceOver(ms: number): void {
    const { clock, office, holder, limit } = this.options;
    if (limit.perMs <= leaseMs) return;
    const held = this.#held;
    setTimeout(() => {
      if (this.#held !== held || this.#asking !== null) return;
      if (this.#window.isSending) this.#releaseOnceOver(leaseMs);
      else office.release(holder, this.#window.recordsAt(clock.now())).catch(() => undefined);
    }, ms).unref();
  }
}
