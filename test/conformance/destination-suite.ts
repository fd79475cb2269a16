import assert from 'node:assert/strict';
import { deliverBatch, type BatchOutcome } from '../../src/destinations/deliver.js';
import type { DeliveryAnswer, Destination } from '../../src/destinations/destination.js';
import { batchOf, event, events } from '../support/events.js';

/** A destination with its other end, which can be asked what it has and told to misbehave. */
export interface DestinationHarness {
  readonly destination: Destination;
  /** What the other end has: the properties of each record that is there, by id. */
  state(): Promise<ReadonlyMap<string, unknown>>;
  /** The next attempt is not taken, and says so. */
  failNextAttempt(): void;
  /** The destination is there, and lets nobody in. */
  refuseCredentials(): void | Promise<void>;
  close(): Promise<void>;
}

/** The other end is a program, which may go silent or refuse records; a disk does neither. */
export interface AnsweringHarness extends DestinationHarness {
  /** The next attempt is taken, and its answer lost. */
  loseNextAnswer(): void;
  /** The next attempt gets no answer until it is given up. */
  ignoreNextAttempt(): void;
  /** Refuses these records from now on, in whichever way this kind of destination does. */
  refuseRecords(ids: ReadonlySet<string>): void | Promise<void>;
}

/** Makes a fresh, empty destination that waits this long for an answer, where it waits for one. */
type Open<Harness> = (timeoutMs: number) => Promise<Harness>;

/** More than a busy machine takes for an answer here. */
const answersWithinMs = 20_000;
/** For an attempt that gets none. */
const silentForMs = 1_000;
const never = new AbortController().signal;

/** The laws of the Destination interface. */
export function destinationLaws(name: string, open: Open<DestinationHarness>): void {
  describe(`destination ${name}`, () => {
    let harness: DestinationHarness;

    beforeEach(async () => {
      harness = await open(answersWithinMs);
    });
    afterEach(() => harness.close());

    it('takes a batch and has every value as it was sent', async () => {
      const properties = { id: 'a', text: 'Zoë “x”\n\u2028😀', big: '9007199254740993', tags: { list: [1, null] }, none: null, empty: '' };
      const others = { id: 'b', text: '\\N \\t "\t,\r\n', big: '-0.10', tags: '[]', none: null, empty: null };
      assertTaken(await harness.destination.deliver(batchOf([event('a', properties), event('b', others)]), never));
      assert.deepEqual(await harness.state(), new Map<string, unknown>([['a', properties], ['b', others]]));
    });

    it('ends with the newest version and without deleted records', async () => {
      const free = (id: string) => ({ id, plan: 'free' });
      await harness.destination.deliver(batchOf(['0', '1', '2'].map((id) => event(id, free(id)))), never);
      const changes = [event('1', { id: '1', plan: 'pro' }, 'updated', 2), event('2', { id: null, plan: null }, 'deleted', 2)];
      await harness.destination.deliver(batchOf(changes, 2), never);
      assert.deepEqual(await harness.state(), new Map<string, unknown>([['0', free('0')], ['1', { id: '1', plan: 'pro' }]]));
    });

    it('ends the same when a batch comes again', async () => {
      for (let attempt = 0; attempt < 2; attempt++) assertTaken(await harness.destination.deliver(batchOf(events(3)), never));
      assert.equal((await harness.state()).size, 3);
    });

    it('calls an attempt that was not taken unavailable and not sent, and takes the next', async () => {
      harness.failNextAttempt();
      const answer = await harness.destination.deliver(batchOf(events(2)), never);
      assert(answer.kind === 'unavailable' && !answer.sent);
      assert.equal((await harness.state()).size, 0);
      assertTaken(await harness.destination.deliver(batchOf(events(2)), never));
    });

    it('sends nothing once the signal has aborted', async () => {
      const reason = new Error('enough');
      await assert.rejects(harness.destination.deliver(batchOf(events(1)), AbortSignal.abort(reason)), reason);
      assert.equal((await harness.state()).size, 0);
    });

    it('says so when the credentials are refused', async () => {
      await harness.refuseCredentials();
      assert.equal((await harness.destination.deliver(batchOf(events(1)), never)).kind, 'unauthorized');
    });

    it('is checked without a record being sent, and nothing is wrong with it', async () => {
      const items = (await harness.destination.check?.(never)) ?? [];
      assert(items.length > 0 && items.every(({ problem }) => problem === null), JSON.stringify(items));
      assert.equal((await harness.state()).size, 0);
    });

    it('is checked, and names the one thing that is wrong when the credentials are refused', async () => {
      await harness.refuseCredentials();
      const problems = ((await harness.destination.check?.(never)) ?? []).flatMap(({ problem }) => problem ?? []);
      assert.equal(problems.length, 1, problems.join('\n'));
    });

    it('takes batches at the same time', async () => {
      const batches = [0, 100, 200, 300].map((first) => Array.from({ length: 100 }, (_, index) => event(String(first + index))));
      const answers = await Promise.all(batches.map((batch, index) => harness.destination.deliver(batchOf(batch, 1, index * 100), never)));
      answers.forEach((answer) => assertTaken(answer));
      assert.equal((await harness.state()).size, 400);
    });
  });
}

/** The laws for destinations that another program stands behind: the ones above, and those about its answers. */
export function answeringDestinationLaws(name: string, open: Open<AnsweringHarness>): void {
  destinationLaws(name, open);

  describe(`the other end of destination ${name}`, () => {
    let harness: AnsweringHarness;

    beforeEach(async () => {
      harness = await open(answersWithinMs);
    });
    afterEach(() => harness.close());

    it('may take an attempt whose answer is lost: that is unavailable and sent, and ends the same when it is repeated', async () => {
      harness.loseNextAnswer();
      const answer = await harness.destination.deliver(batchOf(events(2)), never);
      assert(answer.kind === 'unavailable' && answer.sent);
      assertTaken(await harness.destination.deliver(batchOf(events(2)), never));
      assert.equal((await harness.state()).size, 2);
    });

    it('is no longer waited for as soon as the signal aborts', async () => {
      harness.ignoreNextAttempt();
      const cancel = new AbortController();
      const delivery = harness.destination.deliver(batchOf(events(1)), cancel.signal);
      const reason = new Error('enough');
      setImmediate(() => cancel.abort(reason));
      await assert.rejects(delivery, reason);
    });

    it('may refuse records: all others of the batch are taken, and each refused one has a reason', async () => {
      await harness.refuseRecords(new Set(['3', '17']));
      const outcome = await deliver(harness.destination, events(20));
      assert.equal(outcome.stop, null);
      const failed = outcome.records.flatMap((end, index) => (end.kind === 'succeeded' ? [] : [[index, end.kind, 'reason' in end && end.reason.length > 0]]));
      assert.deepEqual(failed, [[3, 'failed', true], [17, 'failed', true]]);
      assert.equal((await harness.state()).size, 18);
    });
  });

  it(`destination ${name} gives an attempt up after its timeout when the other end goes silent`, async () => {
    const harness = await open(silentForMs);
    try {
      assert.equal((await deliver(harness.destination, events(1))).stop, null, 'a connection is there');
      harness.ignoreNextAttempt();
      const startedMs = performance.now();
      const answer = await harness.destination.deliver(batchOf(events(1)), never);
      assert(answer.kind === 'unavailable' && answer.sent);
      assert(performance.now() - startedMs >= silentForMs - 2);
    } finally {
      await harness.close();
    }
  });
}

/** All of the batch, whether it says so once or for each record. */
function assertTaken(answer: DeliveryAnswer): void {
  const answers = answer.kind === 'answered' ? answer.records : [answer];
  assert.deepEqual(new Set(answers.map(({ kind }) => kind)), new Set(['delivered']));
}

function deliver(destination: Destination, staged: readonly Buffer[]): Promise<BatchOutcome> {
  return deliverBatch(destination, batchOf(staged), { signal: never, beforeAttempt: () => Promise.resolve() });
}
