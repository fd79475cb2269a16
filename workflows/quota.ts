import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { messageNames } from '../src/contract/messages.js';
import { memoKeys } from '../src/contract/names.js';
import type { QuotaDelivery, QuotaMessage, QuotaWorkflowInput, UsageView } from '../src/contract/quota.js';
import { usageText, usageView } from '../src/contract/usage-view.js';
import { QuotaLedger, type QuotaEffect } from '../src/domain/quota-ledger.js';
import { accountKey, isQuotaTerms, type QuotaTerms } from '../src/domain/quota-state.js';
import type { CountedUsage } from '../activities/types.js';
import { Alarm } from './alarm.js';
import { earlyEndOf } from './failures.js';
import { QuotaInbox } from './quota-inbox.js';
import { QuotaLookups } from './quota-lookups.js';
import { lastingSteps, messageSteps } from './steps.js';

const quotaMessageSignal = defineSignal<[QuotaMessage]>(messageNames.quotaMessage);
const usageQuery = defineQuery<UsageView | null>(messageNames.usage);

/** Handled together: enough that a thousand syncs take a few rounds, few enough for one step's payload. */
const messagesAtOnce = 500;
const subscriptionsAtOnce = 500;
const countingSummary = 'Count this cycle\'s usage from the state tables';

/** For another billing day no more than this: the ledger answers nobody meanwhile. */
const patience = { scheduleToCloseTimeout: '1 minute', retry: { initialInterval: '1 second', maximumAttempts: 4 } } as const;

/** One per workspace: grants records to syncs in batches, counts what they sent, pauses what the limit cuts off and wakes it. */
export async function QuotaWorkflow(input: QuotaWorkflowInput): Promise<never> {
  const inbox = new QuotaInbox(input.carried?.inbox);
  let desk: QuotaDesk | null = null;
  setHandler(quotaMessageSignal, (message) => inbox.push(message), { description: 'A reservation, a report or other terms' });
  setHandler(usageQuery, () => desk?.view() ?? null, { description: 'What was processed in this cycle, and what is left; null while that is being counted' });
  const ledger = input.carried?.ledger ?? null;
  desk = ledger === null ? await found(input) : new QuotaDesk(input.workspaceId, new QuotaLedger(ledger));
  while (desk !== null && !workflowInfo().continueAsNewSuggested) {
    setCurrentDetails(usageText(desk.view()));
    await desk.untilSomethingIsDue(inbox);
    await desk.handle(inbox.take(messagesAtOnce));
  }
  return continueAsNew<typeof QuotaWorkflow>(carriedOver(input, desk, inbox));
}

/** A ledger that has counted everything; null when the history is full before all sources have answered. */
async function found({ workspaceId, terms }: QuotaWorkflowInput): Promise<QuotaDesk | null> {
  setCurrentDetails('Counting what was processed in this billing cycle, from the state tables. Nothing is granted before all sources have answered.');
  const foundedMs = Date.now();
  const counted = lastingSteps.readUsage.executeWithOptions({ summary: countingSummary }, [{ billingCycleDay: terms.billingCycleDay, atMs: foundedMs, ledger: foundedMs }]);
  const usage = await Promise.race([counted, condition(() => workflowInfo().continueAsNewSuggested).then(() => null)]);
  if (usage === null) return null;
  const ledger = QuotaLedger.found(terms, foundedMs, usage.accounts, usage.past);
  const desk = new QuotaDesk(workspaceId, ledger);
  await desk.carryOut([...ledger.wake(foundedMs, true), ...ledger.stillPaused()]);
  return desk;
}

function carriedOver({ workspaceId, terms }: QuotaWorkflowInput, desk: QuotaDesk | null, inbox: QuotaInbox): QuotaWorkflowInput {
  if (desk === null) return { workspaceId, terms, carried: { ledger: null, inbox: inbox.all() } };
  const ledger = desk.ledger.snapshot();
  return { workspaceId, terms: ledger.terms, carried: { ledger, inbox: [...desk.lookups.messages(), ...inbox.all()] } };
}

class QuotaDesk {
  readonly lookups = new QuotaLookups();
  private readonly alarm = new Alarm();

  constructor(
    private readonly workspaceId: string,
    readonly ledger: QuotaLedger,
  ) {}

  /** Until a message or an answer has come, or the ledger has something to do by itself. */
  async untilSomethingIsDue(inbox: QuotaInbox): Promise<void> {
    await this.alarm.wait(this.ledger.nextEventAt(), () => inbox.size > 0 || this.lookups.answered, 'Turn of the billing cycle, or the end of a share');
  }

  async handle(batch: readonly QuotaMessage[]): Promise<void> {
    const effects = [...this.ledger.advance(Date.now())];
    for (const { account, found, messages } of this.lookups.takeAnswers()) {
      effects.push(...this.ledger.reconcile(account, found, Date.now()));
      for (const message of messages) if (message.kind !== 'configure') effects.push(...this.take(message, true));
    }
    for (const message of batch) {
      if (message.kind === 'configure') effects.push(...(await this.agree(message.terms)));
      else effects.push(...this.take(message, false));
    }
    await this.carryOut(effects);
  }

  view(): UsageView {
    return usageView(this.workspaceId, this.ledger.snapshot(), Date.now());
  }

  private take(message: Exclude<QuotaMessage, { kind: 'configure' }>, reconciled: boolean): readonly QuotaEffect[] {
    const subject = message.kind === 'reserve' ? message.request : message.report;
    if (this.lookups.keeps(accountKey(subject.source, subject.subscriptionId), message)) return [];
    const effects = message.kind === 'reserve' ? this.ledger.reserve(message.request, Date.now(), reconciled) : this.ledger.report(message.report, Date.now(), reconciled);
    for (const effect of effects) if (effect.kind === 'read') this.lookups.start(effect, [message]);
    return effects;
  }

  private async agree(terms: unknown): Promise<readonly QuotaEffect[]> {
    if (!isQuotaTerms(terms)) {
      log.warn('terms were refused that are none', { workspaceId: this.workspaceId });
      return [];
    }
    const { terms: former, foundedMs } = this.ledger.snapshot();
    if (terms.billingCycleDay === former.billingCycleDay) {
      upsertMemo({ [memoKeys.quotaTerms]: terms });
      return this.ledger.agree(terms, Date.now());
    }
    const usage = await this.recount(terms, foundedMs);
    // Without it the old day holds, which `plan` goes on to show as a difference.
    const agreed = usage === null ? { ...terms, billingCycleDay: former.billingCycleDay } : terms;
    upsertMemo({ [memoKeys.quotaTerms]: agreed });
    return usage === null ? this.ledger.agree(agreed, Date.now()) : this.ledger.recount(agreed, Date.now(), usage.accounts, usage.past);
  }

  private async recount({ billingCycleDay }: QuotaTerms, ledger: number): Promise<CountedUsage | null> {
    try {
      return await lastingSteps.readUsage.executeWithOptions({ summary: countingSummary, ...patience }, [{ billingCycleDay, atMs: Date.now(), ledger }]);
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn('the billing day stays as it was, because the usage could not be counted anew: apply it again', { workspaceId: this.workspaceId, billingCycleDay, ...earlyEndOf(error) });
      return null;
    }
  }

  /** Tells everyone concerned, many in one step. */
  async carryOut(effects: readonly QuotaEffect[]): Promise<void> {
    const lines = new Map<string, QuotaDelivery[]>();
    const say = (delivery: QuotaDelivery): void => void lines.set(delivery.subscriptionId, [...(lines.get(delivery.subscriptionId) ?? []), delivery]);
    for (const effect of effects) {
      if (effect.kind === 'threshold') this.warn(effect);
      else if (effect.kind === 'read') this.lookups.start(effect, []);
      else say(this.deliveryOf(effect));
    }
    const queue = [...lines.values()];
    while (queue.length > 0) {
      const some = queue.splice(0, subscriptionsAtOnce);
      await messageSteps.deliverNotices.executeWithOptions({ summary: `Tell ${some.length} subscriptions` }, [some]);
    }
  }

  private deliveryOf(effect: Exclude<QuotaEffect, { kind: 'threshold' | 'read' }>): QuotaDelivery {
    const { subscriptionId } = effect;
    switch (effect.kind) {
      case 'grant':
        return { kind: 'grant', subscriptionId, number: effect.number, grant: { records: effect.records, ledger: this.ledger.snapshot().foundedMs } };
      case 'pause':
        return { kind: 'notice', subscriptionId, notice: { kind: 'paused', version: effect.version, untilMs: effect.untilMs } };
      case 'resume': {
        const { version, starts, delayMs, soon } = effect;
        return { kind: 'notice', subscriptionId, notice: { kind: 'resumed', version, starts, delayMs, soon } };
      }
    }
  }

  private warn({ percent, processed, limit }: QuotaEffect & { kind: 'threshold' }): void {
    log.warn('quota.threshold', { workspaceId: this.workspaceId, percent, processed, limit });
  }
}
