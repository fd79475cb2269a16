import assert from 'node:assert/strict';
import { deliverBatch, type BatchOutcome } from '../../src/destinations/deliver.js';
import type { Destination } from '../../src/destinations/destination.js';
import { batchOf, event, events } from '../support/events.js';

/** A destination with its other end, which can be asked what it has and told to misbehave. */
export interface DestinationHarness {
  readonly destination: Destination;
  /** What the other end has: the properties of each record that is there, by id. */
  state(): Promise<ReadonlyMap<string, unknown>>;
  /** The next attempt is not taken, and says so. */
  failNextAttempt(): void;
  /** The next attempt is taken, and its answer lost. */
  loseNextAnswer(): void;
  /** The next attempt gets no answer until it is given up. */
  ignoreNextAttempt(): void;
  refuseCredentials(): void;
  /** Refuses these records from now on, in whichever way this kind of destination does. */
  refuseRecords(ids: ReadonlySet<string>): void;
  close(): Promise<void>;
}

/** The laws of the Destination interface. `open` makes a fresh, empty destination; `giveUpAfterMs` is generous unless told. */
export function destinationLaws(name: string, open: () => Promise<DestinationHarness>): void {
  describe(`destination ${name}`, () => {
    let harness: DestinationHarness;
    const never = new AbortController().signal;

    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    it('takes a batch and has every value as it was sent', async () => {
      const properties = { id: 'a', text: 'Zoë “x”\n\u2028😀', big: '9007199254740993', tags: { list: [1, null] }, none: null, empty: '' };
      assert.deepEqual(await harness.destination.deliver(batchOf([event('a', properties), event('b')]), never), { kind: 'delivered' });
      assert.deepEqual(await harness.state(), new Map<string, unknown>([['a', properties], ['b', { id: 'b' }]]));
    });

    it('ends with the newest version and without deleted records', async () => {
      await harness.destination.deliver(batchOf(events(3)), never);
      const changes = [event('1', { id: '1', plan: 'pro' }, 'updated', 2), event('2', { id: null }, 'deleted', 2)];
      await harness.destination.deliver(batchOf(changes, 2), never);
      assert.deepEqual(await harness.state(), new Map<string, unknown>([['0', { id: '0' }], ['1', { id: '1', plan: 'pro' }]]));
    });

    it('calls an attempt that was not taken unavailable and not sent, and takes the next', async () => {
      harness.failNextAttempt();
      const answer = await harness.destination.deliver(batchOf(events(2)), never);
      assert(answer.kind === 'unavailable' && !answer.sent);
      assert.equal((await harness.state()).size, 0);
      assert.deepEqual(await harness.destination.deliver(batchOf(events(2)), never), { kind: 'delivered' });
    });

    it('calls an attempt whose answer was lost unavailable and sent, and ends the same when it is repeated', async () => {
      harness.loseNextAnswer();
      const answer = await harness.destination.deliver(batchOf(events(2)), never);
      assert(answer.kind === 'unavailable' && answer.sent);
      assert.deepEqual(await harness.destination.deliver(batchOf(events(2)), never), { kind: 'delivered' });
      assert.equal((await harness.state()).size, 2);
    });

    it('gives an unanswered attempt up after its timeout', async () => {
      harness.ignoreNextAttempt();
      const startedMs = performance.now();
      const answer = await harness.destination.deliver(batchOf(events(1)), never);
      assert(answer.kind === 'unavailable' && answer.sent);
      const tookMs = performance.now() - startedMs;
      assert(tookMs >= harness.destination.limits.timeoutMs - 2 && tookMs < harness.destination.limits.timeoutMs + 2_000);
    });

    it('throws the signal’s reason as soon as it aborts', async () => {
      harness.ignoreNextAttempt();
      const cancel = new AbortController();
      const delivery = harness.destination.deliver(batchOf(events(1)), cancel.signal);
      const reason = new Error('enough');
      setImmediate(() => cancel.abort(reason));
      await assert.rejects(delivery, reason);
      await assert.rejects(harness.destination.deliver(batchOf(events(1)), cancel.signal), reason);
    });

    it('says so when the credentials are refused', async () => {
      harness.refuseCredentials();
      assert.equal((await harness.destination.deliver(batchOf(events(1)), never)).kind, 'unauthorized');
    });

    it('takes all records of a batch but the refused ones, each with a reason', async () => {
      harness.refuseRecords(new Set(['3', '17']));
      const outcome = await deliver(harness.destination, events(20));
      assert.equal(outcome.stop, null);
      const failed = outcome.records.flatMap((end, index) => (end.kind === 'succeeded' ? [] : [[index, end.kind, 'reason' in end && end.reason.length > 0]]));
      assert.deepEqual(failed, [[3, 'failed', true], [17, 'failed', true]]);
      assert.equal((await harness.state()).size, 18);
    });

    it('takes batches at the same time', async () => {
      const batches = [0, 100, 200, 300].map((first) => Array.from({ length: 100 }, (_, index) => event(String(first + index))));
      const answers = await Promise.all(batches.map((batch) => harness.destination.deliver(batchOf(batch), never)));
      assert.deepEqual(new Set(answers.map((answer) => answer.kind)), new Set(['delivered']));
      assert.equal((await harness.state()).size, 400);
    });
  });
}

function deliver(destination: Destination, staged: readonly Buffer[]): Promise<BatchOutcome> {
  return deliverBatch(destination, batchOf(staged), { signal: new AbortController().signal, beforeAttempt: () => Promise.resolve() });
}
