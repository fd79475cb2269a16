import assert from 'node:assert/strict';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { asActivity, withHeartbeat, type Progress } from '../../../activities/step.js';
import { LeaseHeldError, WarehouseRefusedError } from '../../../src/errors/errors.js';

/** Runs a step as a worker would, and returns what it failed with. */
async function failureOf(step: () => Promise<void>, environment = new MockActivityEnvironment()): Promise<unknown> {
  return environment.run(asActivity(step), undefined).then(
    () => assert.fail('the step did not fail'),
    (error: unknown) => error,
  );
}

describe('a step that fails', () => {
  it('tells Temporal the message of an error of ours, and that no retry helps where none does', async () => {
    const failure = await failureOf(() => Promise.reject(new WarehouseRefusedError('no permission')));
    assert.ok(failure instanceof ApplicationFailure);
    assert.deepEqual([failure.message, failure.type, failure.nonRetryable], ['no permission', 'WarehouseRefusedError', true]);
  });

  it('is tried again just when the lease that stood in its way has run out', async () => {
    const failure = await failureOf(() => Promise.reject(new LeaseHeldError('chunk 3', 4_200)));
    assert.ok(failure instanceof ApplicationFailure);
    assert.deepEqual([failure.nonRetryable, failure.nextRetryDelay], [false, 4_200]);
  });

  it('keeps the words of an unexpected error out of Temporal, because they may quote a record', async () => {
    const failure = await failureOf(() => Promise.reject(new TypeError('cannot read ada@example.com')));
    assert.ok(failure instanceof ApplicationFailure);
    assert.ok(!JSON.stringify([failure.message, failure.stack, failure.cause]).includes('ada'));
    assert.match(failure.message, /TypeError/);
  });

  it('counts as canceled once its sync was', async () => {
    const environment = new MockActivityEnvironment();
    const failure = failureOf(async () => {
      environment.cancel();
      await Promise.reject(new Error('the query was interrupted'));
    }, environment);
    assert.ok((await failure) instanceof CancelledFailure);
  });
});

describe('the progress of a step', () => {
  /** The heartbeats of a step that reports each of 10,000 records. */
  const heartbeatsOf = async (end: () => Promise<void>): Promise<readonly unknown[]> => {
    const environment = new MockActivityEnvironment();
    const heartbeats: unknown[] = [];
    environment.on('heartbeat', (details) => heartbeats.push(details));
    const step = (): Promise<void> =>
      withHeartbeat(async (report: (progress: Progress) => void) => {
        for (let processed = 1; processed <= 10_000; processed++) report({ processed });
        await end();
      });
    await environment.run(step).catch(() => undefined);
    return heartbeats;
  };

  it('is told at once, and then not each time, because that would cost more than the work', async () => {
    const heartbeats = await heartbeatsOf(() => Promise.resolve());
    assert.deepEqual(heartbeats[0], { processed: 1 });
    assert(heartbeats.length < 1_000);
  });

  it('is there to its end for the next attempt, where the step failed', async () => {
    const heartbeats = await heartbeatsOf(() => Promise.reject(new Error('the destination broke off')));
    assert.deepEqual(heartbeats.at(-1), { processed: 10_000 });
  });
});
