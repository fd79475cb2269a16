import type { QuotaMessage } from '../src/contract/quota.js';
import type { QuotaEffect, SyncLookup } from '../src/domain/quota-ledger.js';
import { syncIdOf } from '../src/domain/subscription.js';
import { QuotaInbox } from './quota-inbox.js';
import { lastingSteps } from './steps.js';

/** What the state tables say about one sync, and the messages of its subscription that have waited for it. */
export interface LookupAnswer {
  readonly account: string;
  readonly found: SyncLookup;
  readonly messages: readonly QuotaMessage[];
}

/** Finds out how syncs ended that the ledger has not heard of, one at a time of each subscription, while the others go on. */
export class QuotaLookups {
  private readonly waiting = new Map<string, QuotaInbox>();
  private readonly found: Omit<LookupAnswer, 'messages'>[] = [];

  get answered(): boolean {
    return this.found.length > 0;
  }

  start({ account, source, subscriptionId, number }: QuotaEffect & { kind: 'read' }, messages: readonly QuotaMessage[]): void {
    if (this.waiting.has(account)) return;
    this.waiting.set(account, new QuotaInbox(messages));
    void (async () => {
      const found = await lastingSteps.lookUpSync.executeWithOptions({ summary: `Look up how ${syncIdOf(subscriptionId, number)} ended` }, [{ source, subscriptionId, number }]);
      this.found.push({ account, found });
    })();
  }

  /** Whether a message has to wait, because its subscription is being looked up. */
  keeps(account: string, message: QuotaMessage): boolean {
    const waiting = this.waiting.get(account);
    waiting?.push(message);
    return waiting !== undefined;
  }

  takeAnswers(): readonly LookupAnswer[] {
    return this.found.splice(0).map(({ account, found }) => {
      const messages = this.waiting.get(account)?.all() ?? [];
      this.waiting.delete(account);
      return { account, found, messages };
    });
  }

  /** What waits; handled first by the next run of the workflow, it asks for the same lookups. */
  messages(): readonly QuotaMessage[] {
    return [...this.waiting.values()].flatMap((inbox) => inbox.all());
  }
}
