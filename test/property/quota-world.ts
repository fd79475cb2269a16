import { cycleStartOfDay, usageDay, type BillingCycle } from '../../src/domain/billing-cycle.js';
import { QuotaLedger, type QuotaEffect, type ReserveRequest, type SyncLookup, type UsageReport } from '../../src/domain/quota-ledger.js';
import { cyclesUpTo, pairOf, sentOf } from '../../src/domain/quota-past.js';
import { addSent, nothingSent, type AccountReading, type QuotaTerms, type Sent, type SentPair, type UsageByDay } from '../../src/domain/quota-state.js';

type Message = { readonly kind: 'reserve'; readonly request: ReserveRequest } | { readonly kind: 'report'; readonly report: UsageReport };

/** A sync's row, as the state tables would have it. */
interface Row {
  readonly number: number;
  readonly destination: string;
  wanted: number;
  granted: number | null;
  sent: Record<string, { succeeded: number; failed: number }>;
  settled: boolean;
}

/** One subscription: its rows, and what its workflow believes of the quota. */
export class Party {
  readonly rows: Row[] = [];
  paused = false;
  version = 0;
  resumptions = 0;

  constructor(readonly id: string) {}

  get open(): Row | null {
    const last = this.rows.at(-1);
    return last === undefined || last.settled ? null : last;
  }
}

/** Subscriptions that sync against a ledger over a network that repeats, delays and loses. It keeps the truth: what was really sent, and when. */
export class World {
  readonly parties = ['a', 'b', 'c', 'd'].map((id) => new Party(id));
  nowMs = Date.parse('2026-01-20T10:00:00Z');
  highestLimit: number;
  /** What was on its way when it was repeated, and arrives late. */
  private readonly late: Message[] = [];
  private ledger: QuotaLedger;

  constructor(private terms: QuotaTerms) {
    this.highestLimit = limitOf(terms);
    this.ledger = QuotaLedger.found(terms, this.nowMs, [], []);
  }

  get state() {
    return this.ledger.snapshot();
  }

  /** Records that count, by the cycle in which they were sent: of all, or of one party. */
  truth(parties: readonly Party[] = this.parties): Map<number, number> {
    const counted = new Map<number, number>();
    for (const row of parties.flatMap(({ rows }) => rows)) {
      for (const [day, { succeeded, failed }] of Object.entries(row.sent)) {
        const start = cycleStartOfDay(this.terms.billingCycleDay, day);
        counted.set(start, (counted.get(start) ?? 0) + succeeded + (this.terms.countFailed ? failed : 0));
      }
    }
    return counted;
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.carryOut(this.ledger.advance(this.nowMs));
  }

  begin(party: Party, wanted: number): void {
    if (party.open !== null || party.paused) return;
    party.rows.push({ number: party.rows.length + 1, destination: 'crm', wanted, granted: null, sent: {}, settled: false });
    this.ask(party);
  }

  /** A sync that had no answer yet asks again, too. */
  ask(party: Party): void {
    const { open } = party;
    if (open === null) return;
    this.deliver({ kind: 'reserve', request: { subscriptionId: party.id, source: 'warehouse', destination: open.destination, number: open.number, wanted: open.wanted } });
  }

  /** Sends up to `records` of what was granted; some of them fail. */
  send(party: Party, records: number, failing: number): void {
    const { open } = party;
    if (open === null) return;
    const count = Math.min(records, (open.granted ?? 0) - total(open.sent));
    if (count <= 0) return;
    const failed = Math.min(count, failing);
    const day = usageDay(this.nowMs);
    const before = open.sent[day] ?? { succeeded: 0, failed: 0 };
    open.sent[day] = { succeeded: before.succeeded + count - failed, failed: before.failed + failed };
  }

  progress(party: Party): void {
    if (party.open !== null) this.deliver(reportOf(party, party.open, false));
  }

  /** `told`: how often the ledger hears of it. Never: whoever should have told it died. */
  settle(party: Party, told: number): void {
    const { open } = party;
    if (open === null) return;
    open.settled = true;
    for (let i = 0; i < told; i++) this.deliver(reportOf(party, open, true));
  }

  /** What was repeated on the network arrives once more. */
  arriveLate(): void {
    for (const message of this.late.splice(0)) this.take(message);
  }

  changeTerms(terms: QuotaTerms): void {
    this.terms = terms;
    this.highestLimit = Math.max(this.highestLimit, limitOf(terms));
    this.carryOut(this.ledger.agree(terms, this.nowMs));
  }

  /** The ledger's workflow continues as new. */
  reload(): void {
    this.ledger = new QuotaLedger(structuredClone(this.state));
  }

  /** Temporal forgets everything: the ledger starts from the tables, and grants that these don't show are void. */
  wipe(): void {
    this.nowMs += 1_000;
    // Its workflows have started anew; any of them may have been paused before.
    for (const party of this.parties) party.paused = party.rows.length > 0;
    const readings = this.parties.map((party) => this.reading(party));
    const past = this.pastCycles().map((cycle) => ({ ...cycle, byDestination: { crm: sentOf(this.settledIn(cycle, this.parties)) } }));
    this.ledger = QuotaLedger.found(this.terms, this.nowMs, readings.filter((reading) => reading !== null), past);
    this.late.length = 0;
    this.carryOut([...this.ledger.wake(this.nowMs, true), ...this.ledger.stillPaused()]);
  }

  private deliver(message: Message): void {
    this.late.push(message);
    this.take(message);
  }

  private take(message: Message, reconciled = false): void {
    this.carryOut(this.ledger.advance(this.nowMs));
    const effects = message.kind === 'reserve' ? this.ledger.reserve(message.request, this.nowMs, reconciled) : this.ledger.report(message.report, this.nowMs, reconciled);
    this.carryOut(effects);
    if (effects.some(({ kind }) => kind === 'read')) this.take(message, true);
  }

  private carryOut(effects: readonly QuotaEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'threshold') continue;
      const party = this.parties.find(({ id }) => id === effect.subscriptionId);
      if (party === undefined) throw new Error(`nobody is called ${effect.subscriptionId}`);
      if (effect.kind === 'grant') this.grant(party, effect.number, effect.records);
      else if (effect.kind === 'read') this.carryOut(this.ledger.reconcile(effect.account, lookUp(party, effect.number), this.nowMs));
      else if (effect.version > party.version) {
        if (effect.kind === 'resume' && !party.paused) throw new Error(`${party.id} was resumed without having been paused`);
        party.version = effect.version;
        party.paused = effect.kind === 'pause';
        if (effect.kind === 'resume') party.resumptions += 1;
      }
    }
  }

  private grant(party: Party, number: number, records: number): void {
    const row = party.rows[number - 1];
    if (row !== undefined && !row.settled) row.granted ??= records;
  }

  private pastCycles(): readonly BillingCycle[] {
    return cyclesUpTo(this.terms.billingCycleDay, this.nowMs).past;
  }

  private settledIn({ startMs }: BillingCycle, parties: readonly Party[]): SentPair {
    const days = parties.flatMap(({ rows }) => rows.filter((row) => row.settled).flatMap(({ sent }) => Object.entries(sent)));
    const inCycle = days.filter(([day]) => cycleStartOfDay(this.terms.billingCycleDay, day) === startMs).map(([, sent]) => sent);
    return pairOf(inCycle.reduce<Sent>(addSent, nothingSent));
  }

  private reading(party: Party): AccountReading | null {
    if (party.rows.length === 0) return null;
    const settled = party.rows.filter((row) => row.settled);
    const { open } = party;
    const last = settled.at(-1);
    const latest = open?.granted == null ? last : open;
    return {
      subscriptionId: party.id,
      source: 'warehouse',
      settledThrough: last?.number ?? 0,
      settled: settled.flatMap(({ sent, destination }) =>
        Object.entries(sent).flatMap(([day, counts]) => {
          const cycleStartMs = cycleStartOfDay(this.terms.billingCycleDay, day);
          return cycleStartMs < this.state.cycle.startMs ? [] : [{ ...counts, destination, cycleStartMs }];
        }),
      ),
      past: this.pastCycles().map((cycle) => this.settledIn(cycle, [party])),
      open: open?.granted == null ? null : { number: open.number, destination: open.destination, granted: open.granted, usage: open.sent },
      wanted: latest?.granted == null ? 0 : latest.wanted - latest.granted,
    };
  }
}

function limitOf({ plan }: QuotaTerms): number {
  if (plan.kind !== 'custom') throw new Error('this world knows custom plans only');
  return plan.records;
}

function total(usage: UsageByDay): number {
  return Object.values(usage).reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0);
}

function lookUp({ rows }: Party, number: number): SyncLookup {
  const settled = rows.filter((row) => row.settled);
  return { settledThrough: settled.at(-1)?.number ?? 0, usage: settled.find((row) => row.number === number)?.sent ?? null };
}

function reportOf(party: Party, row: Row, final: boolean): Message {
  return { kind: 'report', report: { subscriptionId: party.id, source: 'warehouse', destination: row.destination, number: row.number, usage: structuredClone(row.sent), final } };
}
