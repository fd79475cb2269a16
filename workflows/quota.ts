import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
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
import { QuotaLedger, type QuotaEffect, type SyncLookup } from '../src/domain/quota-ledger.js';
import { accountKey, isQuotaTerms, type QuotaTerms } from '../src/domain/quota-state.js';
import { syncIdOf } from '../src/domain/subscription.js';
import type { CountedUsage } from '../activities/types.js';
import { lastingSteps } from './steps.js';

const quotaMessageSignal = defineSignal<[QuotaMessage]>(messageNames.quotaMessage);
const usageQuery = defineQuery<UsageView | null>(messageNames.usage);

/** Handled together: enough that a thousand syncs take a few rounds, few enough for one step's payload. */
const messagesAtOnce = 500;
const subscriptionsAtOnce = 500;

/** What comes in: messages, and what the state tables say about one sync. */
type Incoming = QuotaMessage | { readonly kind: 'lookup'; readonly account: string; readonly found: SyncLookup };

/** One per workspace: grants records to syncs in batches, counts what they sent, pauses what the limit cuts off and wakes it. */
export async function QuotaWorkflow(input: QuotaWorkflowInput): Promise<never> {
  const inbox: Incoming[] = [...(input.carried?.inbox ?? [])];
  let desk: QuotaDesk | null = null;
  setHandler(quotaMessageSignal, (message) => void inbox.push(message), { description: 'A reservation, a report or other terms' });
  setHandler(usageQuery, () => desk?.view() ?? null, { description: 'What was processed in this cycle, and what is left; null while that is being counted' });
  setCurrentDetails('Counting what was processed in this billing cycle, from the state tables. Nothing is granted before that.');
  desk = await QuotaDesk.open(input, inbox);
  for (;;) {
    setCurrentDetails(usageText(desk.view()));
    if (workflowInfo().continueAsNewSuggested && desk.isIdle()) return continueAsNew<typeof QuotaWorkflow>(desk.carriedOver());
    if (inbox.length === 0) await condition(() => inbox.length > 0, desk.msUntilNextEvent(), { summary: 'Turn of the billing cycle, or the end of a share' });
    await desk.handle(inbox.splice(0, messagesAtOnce));
  }
}

class QuotaDesk {
  /** Messages that wait until a sync of their subscription has been looked up, by account. */
  private readonly waiting = new Map<string, Incoming[]>();

  private constructor(
    private readonly workspaceId: string,
    private readonly inbox: Incoming[],
    private readonly ledger: QuotaLedger,
  ) {}

  static async open({ workspaceId, terms, carried }: QuotaWorkflowInput, inbox: Incoming[]): Promise<QuotaDesk> {
    if (carried !== undefined) return new QuotaDesk(workspaceId, inbox, new QuotaLedger(carried.ledger));
    const foundedMs = Date.now();
    const usage = await countUsage(terms, foundedMs, foundedMs);
    const ledger = QuotaLedger.found(terms, foundedMs, usage.accounts, usage.past);
    const desk = new QuotaDesk(workspaceId, inbox, ledger);
    await desk.carryOut([...ledger.wake(foundedMs, true), ...ledger.stillPaused()]);
    return desk;
  }

  async handle(batch: readonly Incoming[]): Promise<void> {
    const effects = [...this.ledger.advance(Date.now())];
    for (const incoming of batch) {
      if (incoming.kind === 'configure') effects.push(...(await this.agree(incoming.terms)));
      else effects.push(...this.take(incoming, false));
    }
    await this.carryOut(effects);
  }

  view(): UsageView {
    return usageView(this.workspaceId, this.ledger.snapshot(), Date.now());
  }

  msUntilNextEvent(): number {
    return Math.max(1, this.ledger.nextEventAt() - Date.now());
  }

  isIdle(): boolean {
    return this.waiting.size === 0;
  }

  carriedOver(): QuotaWorkflowInput {
    const ledger = this.ledger.snapshot();
    const inbox = this.inbox.flatMap((incoming) => (incoming.kind === 'lookup' ? [] : [incoming]));
    return { workspaceId: this.workspaceId, terms: ledger.terms, carried: { ledger, inbox } };
  }

  private take(incoming: Exclude<Incoming, { kind: 'configure' }>, reconciled: boolean): readonly QuotaEffect[] {
    if (incoming.kind === 'lookup') return this.resume(incoming.account, incoming.found);
    const subject = incoming.kind === 'reserve' ? incoming.request : incoming.report;
    const waiting = this.waiting.get(accountKey(subject.source, subject.subscriptionId));
    if (waiting !== undefined) {
      waiting.push(incoming);
      return [];
    }
    const effects = incoming.kind === 'reserve' ? this.ledger.reserve(incoming.request, Date.now(), reconciled) : this.ledger.report(incoming.report, Date.now(), reconciled);
    for (const effect of effects) if (effect.kind === 'read') this.lookUp(effect, [incoming]);
    return effects;
  }

  /** Looks up how a sync ended, while other subscriptions go on. */
  private lookUp({ account, source, subscriptionId, number }: QuotaEffect & { kind: 'read' }, messages: Incoming[]): void {
    if (this.waiting.has(account)) return;
    this.waiting.set(account, messages);
    void (async () => {
      const found = await lastingSteps.lookUpSync.executeWithOptions({ summary: `Look up how ${syncIdOf(subscriptionId, number)} ended` }, [{ source, subscriptionId, number }]);
      this.inbox.push({ kind: 'lookup', account, found });
    })();
  }

  private resume(account: string, found: SyncLookup): readonly QuotaEffect[] {
    const messages = this.waiting.get(account) ?? [];
    this.waiting.delete(account);
    const effects = [...this.ledger.reconcile(account, found, Date.now())];
    for (const message of messages) if (message.kind === 'reserve' || message.kind === 'report') effects.push(...this.take(message, true));
    return effects;
  }

  private async agree(terms: unknown): Promise<readonly QuotaEffect[]> {
    if (!isQuotaTerms(terms)) {
      log.warn('terms were refused that are none', { workspaceId: this.workspaceId });
      return [];
    }
    const { terms: former, foundedMs } = this.ledger.snapshot();
    upsertMemo({ [memoKeys.quotaTerms]: terms });
    if (terms.billingCycleDay === former.billingCycleDay) return this.ledger.agree(terms, Date.now());
    const usage = await countUsage(terms, Date.now(), foundedMs);
    return this.ledger.recount(terms, Date.now(), usage.accounts, usage.past);
  }

  /** Tells everyone concerned, many in one step. */
  private async carryOut(effects: readonly QuotaEffect[]): Promise<void> {
    const lines = new Map<string, QuotaDelivery[]>();
    const say = (delivery: QuotaDelivery): void => void lines.set(delivery.subscriptionId, [...(lines.get(delivery.subscriptionId) ?? []), delivery]);
    for (const effect of effects) {
      if (effect.kind === 'threshold') this.warn(effect);
      else if (effect.kind === 'read') this.lookUp(effect, []);
      else say(this.deliveryOf(effect));
    }
    const queue = [...lines.values()];
    while (queue.length > 0) {
      const some = queue.splice(0, subscriptionsAtOnce);
      await lastingSteps.deliverNotices.executeWithOptions({ summary: `Tell ${some.length} subscriptions` }, [some]);
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

function countUsage({ billingCycleDay }: QuotaTerms, atMs: number, ledger: number): Promise<CountedUsage> {
  return lastingSteps.readUsage.executeWithOptions({ summary: 'Count this cycle\'s usage from the state tables' }, [{ billingCycleDay, atMs, ledger }]);
}
