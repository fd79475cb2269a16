import type { Clock } from '../../src/destinations/clock.js';
import { deliverBatch, type BatchOutcome, type DeliverOptions } from '../../src/destinations/deliver.js';
import type { Batch, DeliveryAnswer, Destination } from '../../src/destinations/destination.js';
import { batchOf, events } from './events.js';

/** Time that passes only in waits and as told. */
class ManualClock implements Clock {
  ms = 0;
  readonly waits: number[] = [];
  /** What `random` answers: 0.999 makes waits nearly as long as they can be. */
  luck = 0.999;
  now = (): number => this.ms;
  random = (): number => this.luck;
  sleep = (ms: number, signal: AbortSignal): Promise<void> => {
    this.waits.push(ms);
    this.ms += ms;
    signal.throwIfAborted();
    return Promise.resolve();
  };
}

export const giveUpAfterMs = 60_000;
export const busy = { kind: 'unavailable', sent: false, retryAfterMs: null, reason: 'busy' } as const satisfies DeliveryAnswer;
export const unanswered = { kind: 'unavailable', sent: true, retryAfterMs: null, reason: 'no answer' } as const satisfies DeliveryAnswer;
export const delivered = { kind: 'delivered' } as const satisfies DeliveryAnswer;

type Answer = (ids: string[], attempt: number) => DeliveryAnswer;

/** Delivers batches to destinations that answer as they are told, and remembers every attempt. */
export class Deliveries {
  readonly clock = new ManualClock();
  readonly cancel = new AbortController();
  /** Record ids of each attempt. */
  readonly attempts: string[][] = [];

  /** Of a batch of `count` records. `answer` is asked for each attempt, by its record ids. */
  deliver(count: number, answer: Answer, options: Partial<DeliverOptions> = {}): Promise<BatchOutcome> {
    const { clock, cancel } = this;
    return deliverBatch(this.destinationOf(answer), batchOf(events(count)), { signal: cancel.signal, clock, beforeAttempt: () => Promise.resolve(), ...options });
  }

  private destinationOf(answer: Answer): Destination {
    return {
      identity: 'test',
      limits: { batchSize: 500, batchBytes: 1_000_000, concurrency: 1, timeoutMs: 1_000, giveUpAfterMs, rateLimit: null },
      deliver: (batch: Batch, signal: AbortSignal) => {
        signal.throwIfAborted();
        this.attempts.push(batch.records.map(({ event }) => event.__segment_id));
        return Promise.resolve().then(() => answer(this.attempts.at(-1) ?? [], this.attempts.length));
      },
      close: () => Promise.resolve(),
    };
  }
}

export function kindsOf(outcome: BatchOutcome): readonly string[] {
  return outcome.records.map(({ kind }) => kind);
}
