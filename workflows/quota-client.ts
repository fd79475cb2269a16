import { defineSignal, setHandler } from '@temporalio/workflow';
import { messageNames } from '../src/contract/messages.js';
import { reservation, usageReport, type QuotaGrant, type QuotaMessage } from '../src/contract/quota.js';
import { addSent, nothingSent, type Sent, type UsageByDay } from '../src/domain/quota-state.js';
import type { LoadSummary, StepInput } from '../activities/types.js';
import { Alarm } from './alarm.js';
import { messageSteps } from './steps.js';

const quotaGrantSignal = defineSignal<[QuotaGrant]>(messageNames.quotaGrant);

/** An answer takes moments; a ledger that is counting anew takes longer, and one that was terminated meanwhile has forgotten the question. In ms. */
const askAgainAfterMs = 60_000;
/** How often a long sync tells the ledger how far it is, in ms. */
const tellEveryMs = 60_000;

/** A sync's side of the ledger while it runs. The step that finds the records asks for them, and the one that settles tells the end. */
export class QuotaAccount {
  private grants: QuotaGrant[] = [];
  private sent: UsageByDay = {};
  private toldMs = Date.now();
  private readonly alarm = new Alarm();

  /** Make it before the first await, so that no answer comes too early. */
  constructor(private readonly input: StepInput) {
    setHandler(quotaGrantSignal, (grant) => void this.grants.push(grant), { description: 'How many records the quota grants this sync' });
  }

  /** Waits until the ledger has answered, however long that takes. */
  async granted(wanted: number): Promise<QuotaGrant> {
    for (;;) {
      const [grant] = this.grants;
      if (grant !== undefined) return grant;
      await this.alarm.wait(Date.now() + askAgainAfterMs, () => this.grants.length > 0, 'Ask the ledger again');
      if (this.grants.length === 0) await this.ask(wanted);
    }
  }

  /** Waits for another answer, because a newer ledger doesn't know of the one that came. */
  async grantedAnew(wanted: number): Promise<QuotaGrant> {
    this.grants = [];
    await this.ask(wanted);
    return this.granted(wanted);
  }

  private async ask(wanted: number): Promise<void> {
    await messageSteps.tellLedger.executeWithOptions({ summary: 'Ask the ledger again' }, [reservation(this.input, wanted)]);
  }

  /** Notes a loaded chunk; now and then the ledger hears of it, without anyone waiting for that. */
  noteLoaded({ finishedOn, succeeded, failed }: LoadSummary): void {
    const day: Sent = addSent(this.sent[finishedOn] ?? nothingSent, { succeeded, failed });
    this.sent = { ...this.sent, [finishedOn]: day };
    if (Date.now() < this.toldMs + tellEveryMs) return;
    this.toldMs = Date.now();
    const message: QuotaMessage = usageReport(this.input, this.sent, { final: false });
    messageSteps.tellLedger.executeWithOptions({ summary: 'Tell the ledger how far it is' }, [message]).catch(() => undefined); // the final report says it all again
  }
}
