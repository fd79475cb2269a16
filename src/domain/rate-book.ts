import { fairShares } from './fair-shares.js';

/** At most `records` in any time of `perMs`, wherever it begins. */
export interface RateLimit {
  readonly records: number;
  readonly perMs: number;
}

/** How long a lease lasts: long enough that asking costs little, short enough that a pause and a newcomer are heeded within seconds. */
export const leaseMs = 3_000;
/** How much later than told someone may come back without losing the place in the queue. */
const lateMs = 10_000;

/** One sync on one worker asks for its part of a destination's rate. Counts are records. */
export interface RateRequest {
  readonly holder: string;
  readonly subscriptionId: string;
  readonly limit: RateLimit;
  /** Its next batch; never more than the limit. */
  readonly least: number;
  /** What it could use in a time of `perMs`. */
  readonly most: number;
  /** What it has sent in the time of `perMs` that ends now. From now on it sends nothing under an earlier lease. */
  readonly recent: number;
}

/** Times count from when it was asked, on the asker's own clock: so it never sends longer than the book believes. */
export type RateAnswer =
  /** It may send `records` in any time of `perMs`, what it sent before this lease included, for `lastsMs`. */
  | { readonly kind: 'leased'; readonly records: number; readonly lastsMs: number }
  | { readonly kind: 'wait'; readonly ms: number };

interface Holder {
  readonly subscriptionId: string;
  readonly least: number;
  readonly most: number;
  readonly lease: Until | null;
  /** What was sent under leases that are over, as long as it can share a time of `perMs` with what is sent now. */
  readonly tail: Until | null;
  readonly waiting: { readonly sinceMs: number; readonly untilMs: number } | null;
}

interface Until {
  readonly records: number;
  readonly untilMs: number;
}

export interface RateState {
  /** As the last request had it. */
  readonly limit: RateLimit;
  readonly pausedUntilMs: number;
  /** The latest time that was seen: a clock that is set back must not make leases last longer. */
  readonly nowMs: number;
  readonly holders: Readonly<Record<string, Holder>>;
}

export const emptyRateState: RateState = { limit: { records: 0, perMs: 0 }, pausedUntilMs: 0, nowMs: 0, holders: {} };

/**
 * Who may send to one destination, and how much, so that all together never pass its limit in any time of `perMs`.
 * Each holder is given a number of records and keeps it itself, in any such time, also across its leases. What a holder may send, or has sent while that still counts, is occupied;
 * the sum of what is occupied never passes the limit. Whoever waits longest is given room first.
 */
export class RateBook {
  #limit: RateLimit;
  #pausedUntilMs: number;
  #nowMs: number;
  readonly #holders: Map<string, Holder>;

  constructor(state: RateState) {
    this.#limit = state.limit;
    this.#pausedUntilMs = state.pausedUntilMs;
    this.#nowMs = state.nowMs;
    this.#holders = new Map(Object.entries(state.holders));
  }

  ask({ holder, subscriptionId, limit, least, most, recent }: RateRequest, atMs: number): RateAnswer {
    this.#limit = limit;
    this.#advance(atMs);
    const waiting = this.#holders.get(holder)?.waiting ?? { sinceMs: this.#nowMs, untilMs: 0 };
    const asking: Holder = { subscriptionId, least, most, lease: null, tail: this.#tailOf(recent), waiting };
    this.#holders.set(holder, asking);
    const records = this.#isPaused() ? 0 : this.#roomFor(asking);
    if (records >= least) {
      this.#holders.set(holder, { ...asking, lease: { records, untilMs: this.#nowMs + leaseMs }, waiting: null });
      return { kind: 'leased', records, lastsMs: leaseMs };
    }
    const ms = this.#nextChangeMs(holder) - this.#nowMs;
    this.#holders.set(holder, { ...asking, waiting: { ...waiting, untilMs: this.#nowMs + ms + lateMs } });
    return { kind: 'wait', ms };
  }

  /** Gives a lease back. `recent` as in a request. */
  release(holder: string, recent: number, atMs: number): void {
    this.#advance(atMs);
    const known = this.#holders.get(holder);
    if (known !== undefined) this.#holders.set(holder, { ...known, lease: null, tail: this.#tailOf(recent), waiting: null });
  }

  /** Nobody is given anything for `ms` from now; a longer pause stays. Leases run out by themselves, within seconds. Returns when the pause is over. */
  pause(ms: number, atMs: number): number {
    this.#advance(atMs);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#nowMs + ms);
    return this.#pausedUntilMs;
  }

  /** When nothing in it matters any more, as long as nobody asks. */
  idleFromMs(): number {
    const ends = [...this.#holders.values()].flatMap(({ lease, tail, waiting }) => [lease === null ? 0 : lease.untilMs + this.#limit.perMs, tail?.untilMs ?? 0, waiting?.untilMs ?? 0]);
    return Math.max(this.#pausedUntilMs, ...ends);
  }

  snapshot(): RateState {
    return { limit: this.#limit, pausedUntilMs: this.#pausedUntilMs, nowMs: this.#nowMs, holders: Object.fromEntries(this.#holders) };
  }

  #isPaused(): boolean {
    return this.#pausedUntilMs > this.#nowMs;
  }

  /** Forgets what is over. A lease that ended unheard of may have been used to its end. */
  #advance(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs);
    const isOver = ({ untilMs }: { readonly untilMs: number }): boolean => untilMs <= this.#nowMs;
    for (const [name, holder] of this.#holders) {
      const ended = holder.lease !== null && isOver(holder.lease) ? holder.lease : null;
      const tail = ended === null ? holder.tail : { records: Math.max(ended.records, holder.tail?.records ?? 0), untilMs: ended.untilMs + this.#limit.perMs };
      const now = {
        ...holder,
        lease: ended === null ? holder.lease : null,
        tail: tail === null || isOver(tail) ? null : tail,
        waiting: holder.waiting === null || isOver(holder.waiting) ? null : holder.waiting,
      };
      if (now.lease === null && now.tail === null && now.waiting === null) this.#holders.delete(name);
      else this.#holders.set(name, now);
    }
  }

  #tailOf(recent: number): Until | null {
    return recent > 0 ? { records: recent, untilMs: this.#nowMs + this.#limit.perMs } : null;
  }

  /** What may be leased to a holder now: its fair part, as far as the others and those that wait longer leave room for it. */
  #roomFor(asking: Holder): number {
    const parts = this.#fairParts();
    const before = asking.waiting?.sinceMs ?? this.#nowMs;
    const others = [...this.#holders.values()].filter((holder) => holder !== asking);
    const taken = others.map((holder) => {
      const isFirst = holder.waiting !== null && holder.waiting.sinceMs < before;
      return Math.max(occupied(holder), isFirst ? (parts.get(holder) ?? 0) : 0);
    });
    const room = this.#limit.records - taken.reduce((sum, records) => sum + records, 0);
    return Math.floor(Math.min(room, parts.get(asking) ?? 0));
  }

  /** Syncs share equally, however many workers each has; none gets less than a batch. */
  #fairParts(): ReadonlyMap<Holder, number> {
    const interested = [...this.#holders.values()].filter(({ lease, waiting }) => lease !== null || waiting !== null);
    const syncs = new Set(interested.map(({ subscriptionId }) => subscriptionId));
    const groups = [...syncs].map((sync) => interested.filter(({ subscriptionId }) => subscriptionId === sync));
    const ofSyncs = fairShares(this.#limit.records, groups.map((holders) => holders.reduce((sum, { most }) => sum + most, 0)));
    return new Map(
      groups.flatMap((holders, group) => {
        const shares = fairShares(ofSyncs[group] ?? 0, holders.map(({ most }) => most));
        return holders.map((holder, index) => [holder, Math.max(holder.least, shares[index] ?? 0)] as const);
      }),
    );
  }

  /** When it is worth asking again: the pause is over, or someone else's part may have become free. */
  #nextChangeMs(asking: string): number {
    if (this.#isPaused()) return this.#pausedUntilMs;
    const ends = [...this.#holders].flatMap(([name, { lease, tail }]) => (name === asking ? [] : [lease, tail].flatMap((part) => (part === null ? [] : [part.untilMs]))));
    // What others have sent ages little by little, which they tell only when they ask.
    const latestMs = this.#nowMs + Math.max(lateMs, this.#limit.perMs / 8);
    return Math.max(this.#nowMs + soonestMs, Math.min(latestMs, ...ends));
  }
}

/** A wait is never shorter, in ms. */
const soonestMs = 20;

function occupied({ lease, tail }: Holder): number {
  return Math.max(lease?.records ?? 0, tail?.records ?? 0);
}
