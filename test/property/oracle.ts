import assert from 'node:assert/strict';
import { operationsSentBy, type Operation, type SyncMode } from '../../src/domain/subscription.js';
import type { Fate, StagedEvent } from '../conformance/warehouse-driver.js';
import { allIds, type Version } from './story.js';
import type { Table } from './table.js';

/** What Sluice should know about one record, in the words of the design: what was acknowledged, and how it failed since. */
interface Knowledge {
  /** The version that the destination acknowledged, as its key; `unknown` after a reset; null when it has none. */
  readonly acknowledged: string | null;
  /** On the list of failures. `version` is the key of what failed, null for a deletion. */
  readonly failure: { readonly version: string | null; readonly attempts: number; readonly maybeDelivered: boolean; readonly expired: boolean } | null;
}

const nothing: Knowledge = { acknowledged: null, failure: null };
const unknown = 'unknown';
const attemptsBeforeExpiry = 5;

/** What the diff of one sync found, as it should be. */
export interface Finding {
  /** What changed and is to be sent. */
  readonly due: ReadonlyMap<number, Operation>;
  /** What changed and is kept back by the sync mode. */
  readonly excluded: ReadonlySet<number>;
  /** Of those due, the ones that also a look at recent rows has to find. */
  readonly recent: ReadonlySet<number>;
  /** What the model showed of each record at that moment; null for what it lacked. */
  readonly versions: ReadonlyMap<number, Version | null>;
  /** Failures that have nothing left to send. */
  readonly cleared: readonly number[];
  readonly rejected: number;
}

/** Follows a subscription's life in a few lines of bookkeeping, without a warehouse: what is due at each sync, and nothing else. Also keeps the receiver's state. */
export class Oracle {
  private readonly knowledge = new Map<number, Knowledge>();
  readonly receiver = new Map<string, Readonly<Record<string, unknown>>>();
  /** What the destination last acknowledged of each record. */
  readonly acknowledged = new Map<number, Version>();

  /** The latest time that an earlier sync could see. */
  private seenUntil = -1;

  /** Before the first sync there is nothing that a reset could change. */
  private begun = false;

  /** @param baselinePending until a sync has been settled as a whole, what it finds is taken for delivered */
  constructor(
    private readonly table: Table,
    private readonly syncMode: SyncMode,
    private baselinePending: boolean,
  ) {}

  find(): Finding {
    const due = new Map<number, Operation>();
    const excluded = new Set<number>();
    const recent = new Set<number>();
    const versions = new Map<number, Version | null>();
    const cleared: number[] = [];
    for (const id of allIds) {
      const copies = this.table.copies(id);
      if (copies.length > 1) continue;
      versions.set(id, copies[0] ?? null);
      const version = this.keyOf(copies[0] ?? null);
      const { acknowledged, failure } = this.of(id);
      const changed = acknowledged !== version || failure?.maybeDelivered === true;
      const givenUp = failure?.expired === true && failure.version === version;
      if (changed && !givenUp) {
        const operation = version === null ? 'deleted' : acknowledged === null || acknowledged === unknown ? 'new' : 'updated';
        if (!this.baselinePending && operationsSentBy[this.syncMode].some((sent) => sent === operation)) due.set(id, operation);
        else excluded.add(id);
        const time = copies[0] === undefined ? undefined : this.table.timeOf(copies[0]);
        if (time === null || (time !== undefined && (time > this.seenUntil || failure !== null))) recent.add(id);
      }
      if (!changed && failure !== null) cleared.push(id);
    }
    return { due, excluded, recent, versions, cleared, rejected: this.table.rejected };
  }

  begin(): void {
    this.begun = true;
  }

  /** From now on these rows are no news any more: the checkpoint may stand at the latest of them. */
  look(): void {
    for (const id of allIds) for (const version of this.table.copies(id)) this.seenUntil = Math.max(this.seenUntil, this.table.timeOf(version) ?? -1);
  }

  /** The laws of one extract: nothing lost, no phantom, every event as the model has it, failures first where there is a limit or a quota. `whole`: all of the model was looked at. */
  judge(finding: Finding, events: readonly StagedEvent[], limit: number, whole: boolean): void {
    const sent = new Map(events.map((event) => [this.idOf(event), event]));
    assert.equal(sent.size, events.length, 'a record is sent once');
    for (const [id, event] of sent) {
      assert.equal(event.event, finding.due.get(id), `operation of ${JSON.stringify(event.__segment_id)}`);
      const [version] = this.table.copies(id);
      assert.deepEqual(event.properties, version === undefined ? this.table.nulls : this.table.properties(id, version));
    }
    if (whole) assert.equal(sent.size, Math.min(finding.due.size, limit), 'all that is due is sent, up to the limit');
    else if (sent.size < limit) assert.deepEqual([...finding.recent].filter((id) => !sent.has(id)), [], 'all that is recent or failing is sent');
    if (!whole) return;
    const failing = (ids: Iterable<number>): number => [...ids].filter((id) => this.of(id).failure !== null).length;
    assert.equal(failing(sent.keys()), Math.min(failing(finding.due.keys()), limit), 'failures go first');
  }

  receive(event: StagedEvent): void {
    if (event.event === 'deleted') this.receiver.delete(event.__segment_id);
    else this.receiver.set(event.__segment_id, event.properties);
  }

  /** Notes how a sync's records ended; what is not in `fates` was not sent. `whole`: it was settled with nothing left over. */
  settle(finding: Finding, fates: ReadonlyMap<number, Fate>, whole: boolean): void {
    if (whole) this.baselinePending = false;
    for (const id of finding.cleared) this.knowledge.set(id, { ...this.of(id), failure: null });
    for (const id of finding.excluded) this.acknowledge(id, finding.versions.get(id) ?? null);
    for (const [id, fate] of fates) {
      const version = finding.versions.get(id) ?? null;
      if (fate === 'taken') this.acknowledge(id, version);
      else if (fate !== 'not_sent') this.knowledge.set(id, { ...this.of(id), failure: this.failureAfter(id, this.keyOf(version), fate) });
    }
  }

  private acknowledge(id: number, version: Version | null): void {
    this.knowledge.set(id, { acknowledged: this.keyOf(version), failure: null });
    if (version === null) this.acknowledged.delete(id);
    else this.acknowledged.set(id, version);
  }

  private keyOf(version: Version | null): string | null {
    return version === null ? null : this.table.key(version);
  }

  reset(): void {
    if (this.begun) this.baselinePending = false;
    for (const [id, { acknowledged, failure }] of this.knowledge) {
      this.knowledge.set(id, { acknowledged: acknowledged === null ? null : unknown, failure: failure === null ? null : { ...failure, expired: false } });
    }
  }

  get expired(): readonly number[] {
    return allIds.filter((id) => this.of(id).failure?.expired === true);
  }

  idOf(event: StagedEvent): number {
    return allIds.find((id) => this.table.recordId(id) === event.__segment_id) ?? -1;
  }

  private of(id: number): Knowledge {
    return this.knowledge.get(id) ?? nothing;
  }

  private failureAfter(id: number, version: string | null, fate: Fate): Knowledge['failure'] {
    const before = this.of(id).failure;
    const attempts = (before?.attempts ?? 0) + (fate === 'refused' ? 1 : 0);
    return { version, attempts, maybeDelivered: before?.maybeDelivered === true || fate !== 'refused', expired: attempts >= attemptsBeforeExpiry };
  }
}
