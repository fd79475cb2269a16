import { billingCycleAt } from './billing-cycle.js';
import { recordLimitOf } from './plan.js';
import { expected, grantable, inFairOrder } from './quota-shares.js';
import { addToPast, closeCycle } from './quota-past.js';
import { accountKey, type Account, type AccountReading, type LedgerState, type PastCycle, type QuotaTerms, type UsageByDay, type UsageEntry } from './quota-state.js';
import { entriesOf, merged, processed, room, spent } from './quota-sums.js';

/** A sync asks for `wanted` records. */
export interface ReserveRequest {
  readonly subscriptionId: string;
  readonly source: string;
  readonly destination: string;
  readonly number: number;
  readonly wanted: number;
}

/** What a sync has sent in all; `final` when it is settled. */
export interface UsageReport {
  readonly subscriptionId: string;
  readonly source: string;
  readonly destination: string;
  readonly number: number;
  readonly usage: UsageByDay;
  readonly final: boolean;
}

/** What the state tables say about one sync. */
export interface SyncLookup {
  /** The highest number of a settled sync; 0 where there is none. */
  readonly settledThrough: number;
  /** What the sync sent; null when it isn't settled, or not there. */
  readonly usage: UsageByDay | null;
}

/** What the ledger wants done, in this order. Times in ms since the epoch, delays in ms. */
export type QuotaEffect =
  | { readonly kind: 'grant'; readonly subscriptionId: string; readonly number: number; readonly records: number }
  | { readonly kind: 'pause'; readonly subscriptionId: string; readonly untilMs: number; readonly version: number }
  /** `starts`: it was cut off, so a sync starts after the delay. `soon`: at once, instead of keeping the distance between syncs. */
  | { readonly kind: 'resume'; readonly subscriptionId: string; readonly delayMs: number; readonly starts: boolean; readonly soon: boolean; readonly version: number }
  /** Only the subscription's state tables know how an earlier sync ended: read them and call `reconcile`, then bring the message again. */
  | { readonly kind: 'read'; readonly account: string; readonly subscriptionId: string; readonly source: string; readonly number: number }
  | { readonly kind: 'threshold'; readonly percent: number; readonly processed: number; readonly limit: number };

/** Subscriptions that resume together start this far apart, in ms. */
const resumeStepMs = 2_000;
/** How long a resumed subscription's share is kept for it, in ms. */
const holdMs = 3_600_000;
/** A sync that has not been heard of for this long is looked up in the state tables, in ms. */
const silenceMs = 3_600_000;
const thresholds = [100, 80];

/**
 * A workspace's ledger (DESIGN, invariant 7): what is counted and what is reserved never passes the limit together, and each record is counted once.
 * Every message may come twice or late. Time is told to it: call `advance` before each message.
 */
export class QuotaLedger {
  constructor(private readonly state: LedgerState) {}

  /** A ledger that starts from what the state tables say, as of `nowMs`. */
  static found(terms: QuotaTerms, nowMs: number, readings: readonly AccountReading[], past: readonly PastCycle[]): QuotaLedger {
    const state: LedgerState = { foundedMs: nowMs, version: nowMs, terms, cycle: billingCycleAt(terms.billingCycleDay, nowMs), accounts: {}, past: [], warned: 0 };
    const ledger = new QuotaLedger(state);
    ledger.rebuild(readings, past, nowMs);
    return ledger;
  }

  snapshot(): LedgerState {
    return this.state;
  }

  /**
   * Takes the tables' word for everything but the grants and pauses that only the ledger knows of. Nobody knows which subscriptions an earlier ledger paused,
   * so all are taken to be until `wake` has told them otherwise.
   */
  private rebuild(readings: readonly AccountReading[], past: readonly PastCycle[], nowMs: number): void {
    this.state.past = past;
    for (const account of Object.values(this.state.accounts)) Object.assign(account, { settled: [], past: [] } satisfies Partial<Account>);
    for (const reading of readings) {
      const account = this.account(reading);
      account.settled = merged(reading.settled);
      account.past = reading.past;
      account.settledThrough = reading.settledThrough;
      const { open } = reading;
      if (account.open !== null && account.open.number <= reading.settledThrough) account.open = null;
      if (open !== null) account.open ??= { ...open, heardMs: nowMs };
      account.pause ??= { kind: 'paused', wanted: reading.wanted, sinceMs: nowMs };
    }
  }

  /** Brings the ledger to a time: turns the cycle, ends what was kept too long, asks after syncs that went silent. */
  advance(nowMs: number): readonly QuotaEffect[] {
    const turned = nowMs >= this.state.cycle.endMs;
    while (nowMs >= this.state.cycle.endMs) this.turnCycle();
    let released = false;
    const silent: QuotaEffect[] = [];
    for (const [key, account] of Object.entries(this.state.accounts)) {
      if (account.pause?.kind === 'resuming' && nowMs >= account.pause.untilMs) {
        account.pause = null;
        released = true;
      }
      if (account.open !== null && nowMs >= account.open.heardMs + silenceMs) {
        account.open = { ...account.open, heardMs: nowMs };
        silent.push(readEffect(key, account));
      }
    }
    if (turned) return [...silent, ...this.wake(nowMs, true), ...this.stillPaused()];
    return released ? [...silent, ...this.wake(nowMs, false)] : silent;
  }

  /** When something happens by itself next, in ms since the epoch. */
  nextEventAt(): number {
    const times = Object.values(this.state.accounts).flatMap(({ open, pause }) => [
      ...(open === null ? [] : [open.heardMs + silenceMs]),
      ...(pause?.kind === 'resuming' ? [pause.untilMs] : []),
    ]);
    return times.reduce((earliest, time) => Math.min(earliest, time), this.state.cycle.endMs);
  }

  /**
   * Grants all, some or none of what is asked for; the same sync gets the same answer again. A sync that is cut off leaves its subscription paused, which is told first.
   * `reconciled` says that the state tables have just been read: a sync that they say is settled already gets nothing.
   */
  reserve(request: ReserveRequest, nowMs: number, reconciled = false): readonly QuotaEffect[] {
    const { subscriptionId, number, wanted, destination } = request;
    const account = this.account(request);
    const grant = (records: number): QuotaEffect => ({ kind: 'grant', subscriptionId, number, records });
    if (account.open?.number === number) return [grant(account.open.granted)];
    if (account.open !== null || number <= account.settledThrough) {
      return reconciled ? [grant(0)] : [readEffect(accountKey(request.source, subscriptionId), account)];
    }
    account.pause = null;
    const granted = Math.min(wanted, grantable(this.state, account));
    account.open = { number, destination, granted, usage: {}, heardMs: nowMs };
    if (granted === wanted) return [grant(granted)];
    account.pause = { kind: 'paused', wanted: wanted - granted, sinceMs: nowMs };
    return [this.pauseEffect(account), grant(granted)];
  }

  /** Writes down what a sync has sent. A final report closes its reservation, and what it frees lets paused subscriptions go on. */
  report(report: UsageReport, nowMs: number, reconciled = false): readonly QuotaEffect[] {
    const { number, usage, destination, final } = report;
    const account = this.account(report);
    if (number <= account.settledThrough) return [];
    const { open } = account;
    if (open !== null && open.number !== number) return final && !reconciled ? [readEffect(accountKey(report.source, report.subscriptionId), account)] : [];
    if (!final) {
      if (open !== null && spent(usage) >= spent(open.usage)) account.open = { ...open, usage, heardMs: nowMs };
      return this.warnings();
    }
    account.open = null;
    account.settledThrough = number;
    this.count(account, entriesOf(usage, open?.destination ?? destination, this.state.terms.billingCycleDay));
    return [...this.warnings(), ...this.wake(nowMs, false)];
  }

  /** Takes over what the state tables say about a subscription's sync that the ledger believes to be open. */
  reconcile(key: string, found: SyncLookup, nowMs: number): readonly QuotaEffect[] {
    const account = this.state.accounts[key];
    if (account === undefined) return [];
    const { open } = account;
    // Numbers that went back: the tables were made anew. What was counted stays counted.
    const startedAnew = found.settledThrough < account.settledThrough;
    if (open !== null && (startedAnew || open.number <= found.settledThrough)) {
      this.count(account, entriesOf(found.usage ?? open.usage, open.destination, this.state.terms.billingCycleDay));
      account.open = null;
    }
    account.settledThrough = found.settledThrough;
    return [...this.warnings(), ...this.wake(nowMs, false)];
  }

  /** Another billing day cuts the usage anew, which only the state tables can do. Reservations and pauses stay. */
  recount(terms: QuotaTerms, nowMs: number, readings: readonly AccountReading[], past: readonly PastCycle[]): readonly QuotaEffect[] {
    this.state.terms = terms;
    this.state.cycle = billingCycleAt(terms.billingCycleDay, nowMs);
    this.rebuild(readings, past, nowMs);
    return [...this.agree(terms, nowMs), ...this.stillPaused()];
  }

  /** Other terms take effect at once: a higher limit wakes, and one that is used up already pauses every subscription. */
  agree(terms: QuotaTerms, nowMs: number): readonly QuotaEffect[] {
    this.state.terms = terms;
    const share = (100 * processed(this.state)) / Math.max(1, recordLimitOf(terms.plan));
    this.state.warned = Math.min(this.state.warned, thresholds.find((percent) => share >= percent) ?? 0);
    if (processed(this.state) < recordLimitOf(terms.plan)) return [...this.warnings(), ...this.wake(nowMs, true)];
    const pauses = Object.values(this.state.accounts).flatMap((account) => {
      if (account.pause?.kind === 'paused') return [];
      account.pause = { kind: 'paused', wanted: account.pause?.wanted ?? 0, sinceMs: nowMs };
      return [this.pauseEffect(account)];
    });
    return [...this.warnings(), ...pauses];
  }

  /**
   * Everything paused that there is room for, one record each at least, may go on. Call it once a new ledger is founded.
   * `soon`: all share anew, because the cycle turned or the limit is higher; otherwise only what is not expected to be taken by those who have just resumed.
   */
  wake(nowMs: number, soon: boolean): readonly QuotaEffect[] {
    const left = room(this.state) - (soon ? 0 : expected(this.state).reduce((sum, wanted) => sum + wanted, 0));
    if (left <= 0) return [];
    let starting = 0;
    return inFairOrder(this.state).flatMap(({ account, wanted }): QuotaEffect[] => {
      if (wanted > 0 && starting >= left) return [];
      const delayMs = starting * resumeStepMs;
      if (wanted > 0) starting += 1;
      account.pause = wanted > 0 ? { kind: 'resuming', wanted, untilMs: nowMs + delayMs + holdMs } : null;
      this.state.version += 1;
      return [{ kind: 'resume', subscriptionId: account.subscriptionId, delayMs, starts: wanted > 0, soon, version: this.state.version }];
    });
  }

  /** Tells every paused subscription again until when. */
  stillPaused(): readonly QuotaEffect[] {
    return inFairOrder(this.state).map(({ account }) => this.pauseEffect(account));
  }

  private pauseEffect(account: Account): QuotaEffect {
    this.state.version += 1;
    return { kind: 'pause', subscriptionId: account.subscriptionId, untilMs: this.state.cycle.endMs, version: this.state.version };
  }

  private account({ subscriptionId, source }: { readonly subscriptionId: string; readonly source: string }): Account {
    return (this.state.accounts[accountKey(source, subscriptionId)] ??= { subscriptionId, source, settledThrough: 0, settled: [], past: [], open: null, pause: null });
  }

  /** Adds entries to where their cycle is kept. */
  private count(account: Account, entries: readonly UsageEntry[]): void {
    account.settled = merged([...account.settled, ...entries.filter(({ cycleStartMs }) => cycleStartMs >= this.state.cycle.startMs)]);
    addToPast(this.state, account, entries);
  }

  private turnCycle(): void {
    closeCycle(this.state);
    this.state.warned = 0;
  }

  /** Each threshold is told once in a cycle. */
  private warnings(): readonly QuotaEffect[] {
    const limit = recordLimitOf(this.state.terms.plan);
    const used = processed(this.state);
    const reached = thresholds.find((percent) => used * 100 >= limit * percent) ?? 0;
    if (reached <= this.state.warned) return [];
    this.state.warned = reached;
    return [{ kind: 'threshold', percent: reached, processed: used, limit }];
  }
}

function readEffect(account: string, { subscriptionId, source, open }: Account): QuotaEffect {
  return { kind: 'read', account, subscriptionId, source, number: open?.number ?? 0 };
}
