import type { QuotaMessage } from '../src/contract/quota.js';

/**
 * Messages in the order in which they came. One that is repeated, as by a sync that asks again, takes the place of the earlier one,
 * so that what waits for a source that is down stays small enough to be carried over.
 */
export class QuotaInbox {
  private readonly messages = new Map<string, QuotaMessage>();

  constructor(messages: readonly QuotaMessage[] = []) {
    for (const message of messages) this.push(message);
  }

  get size(): number {
    return this.messages.size;
  }

  push(message: QuotaMessage): void {
    this.messages.set(keyOf(message), message);
  }

  /** Removes the first ones, at most `limit`. */
  take(limit: number): readonly QuotaMessage[] {
    const taken = [...this.messages].slice(0, limit);
    for (const [key] of taken) this.messages.delete(key);
    return taken.map(([, message]) => message);
  }

  all(): readonly QuotaMessage[] {
    return [...this.messages.values()];
  }
}

function keyOf(message: QuotaMessage): string {
  if (message.kind === 'configure') return message.kind;
  const { source, subscriptionId, number } = message.kind === 'reserve' ? message.request : message.report;
  const kind = message.kind === 'report' && message.report.final ? 'final' : message.kind;
  return `${kind} ${source}/${subscriptionId}-${number}`;
}
