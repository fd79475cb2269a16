import assert from 'node:assert/strict';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { asActivity } from '../../../activities/step.js';
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
