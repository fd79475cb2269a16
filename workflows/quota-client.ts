import { CancellationScope, condition, defineSignal, setHandler } from '@temporalio/workflow';
import { messageNames } from '../src/contract/messages.js';
import type { QuotaGrant, QuotaMessage } from '../src/contract/quota.js';
import { addSent, nothingSent, type Sent, type UsageByDay } from '../src/domain/quota-state.js';
import type { UsageReport } from '../src/domain/quota-ledger.js';
import type { EarlyEnd, SyncResult } from '../src/domain/sync.js';
import type { LoadSummary, StepInput } from '../activities/types.js';
import { StagingPlace } from './staging-host.js';
import { lastingSteps, messageSteps } from './steps.js';

const quotaGrantSignal = defineSignal<[QuotaGrant]>(messageNames.quotaGrant);

/** An answer takes moments; a ledger that is counting anew takes longer, and one that was terminated meanwhile has forgotten the question. */
const askAgainAfter = '1 minute';
/** How often a long sync tells the ledger how far it is, in ms. */
const tellEveryMs = 60_000;

/** A sync's side of the ledger: asks for records, and tells what it sent. */
export class QuotaAccount {
  private grants: QuotaGrant[] = [];
  private sent: UsageByDay = {};
  private toldMs = Date.now();

  /** Make it before the first await, so that no answer comes too early. */
  constructor(private readonly input: StepInput) {
    setHandler(quotaGrantSignal, (grant) => void this.grants.push(grant), { description: 'How many records the quota grants this sync' });
  }

  /** Waits until the ledger has answered, however long that takes. */
  async reserve(wanted: number): Promise<QuotaGrant> {
    this.grants = [];
    const { subscription, sync } = this.input;
    const request = { subscriptionId: subscription.id, source: subscription.model.source, destination: subscription.destination, number: sync.number, wanted };
    do await tellLedger({ kind: 'reserve', request });
    while (!(await condition(() => this.grants.length > 0, askAgainAfter)));
    return this.grants[0] ?? { records: 0, ledger: 0 };
  }

  /** Notes a loaded chunk; now and then the ledger hears of it, without anyone waiting for that. */
  noteLoaded({ finishedOn, succeeded, failed }: LoadSummary): void {
    const day: Sent = addSent(this.sent[finishedOn] ?? nothingSent, { succeeded, failed });
    this.sent = { ...this.sent, [finishedOn]: day };
    if (Date.now() < this.toldMs + tellEveryMs) return;
    this.toldMs = Date.now();
    const message: QuotaMessage = { kind: 'report', report: reportOf(this.input, this.sent, false) };
    tellLedger(message).catch(() => undefined); // the final report says it all again
  }
}

/** Settles a sync and tells the ledger what its row says it used. Both can be done again. */
export async function settleAccount(input: StepInput, end: EarlyEnd | null, summary: string, place = new StagingPlace()): Promise<SyncResult> {
  return CancellationScope.nonCancellable(async () => {
    const { result, usage, reserved } = await place.runWherePossible((where) => lastingSteps.settleSync.executeWithOptions({ summary, ...where }, [{ ...input, end }]));
    if (reserved) await tellLedger({ kind: 'report', report: reportOf(input, usage ?? {}, true) });
    return result;
  });
}

function reportOf({ subscription, sync }: StepInput, usage: UsageByDay, final: boolean): UsageReport {
  return { subscriptionId: subscription.id, source: subscription.model.source, destination: subscription.destination, number: sync.number, usage, final };
}

function tellLedger(message: QuotaMessage): Promise<void> {
  return messageSteps.tellLedger.executeWithOptions({ summary: `${message.kind === 'reserve' ? 'Ask' : 'Tell'} the ledger` }, [message]);
}
