import assert from 'node:assert/strict';
import { NamespaceNotFoundError } from '@temporalio/common';
import { CommanderError } from 'commander';
import { failureOf } from '../../../src/cli/failure.js';
import { ConfigurationError, RefusedError, TemporalUnavailableError, WarehouseUnavailableError } from '../../../src/errors/errors.js';

describe('failureOf', () => {
  it('tells usage, reachability and refusals apart', () => {
    const exitCode = (error: unknown): number => failureOf(error, {}).exitCode;
    assert.equal(exitCode(new ConfigurationError(['wrong'])), 2);
    assert.equal(exitCode(new TemporalUnavailableError('gone')), 3);
    assert.equal(exitCode(new WarehouseUnavailableError('gone')), 3);
    assert.equal(exitCode(new NamespaceNotFoundError('absent')), 3);
    assert.equal(exitCode(new RefusedError('no')), 1);
    assert.equal(exitCode('thrown text'), 1);
  });

  it('leaves to commander what commander has said', () => {
    assert.deepEqual(failureOf(new CommanderError(1, 'commander.unknownOption', 'said'), {}), { exitCode: 2, message: null });
    assert.deepEqual(failureOf(new CommanderError(0, 'commander.helpDisplayed', 'said'), {}), { exitCode: 0, message: null });
  });

  it('says what Temporal answered, however deep it lies', () => {
    const answer = Object.assign(new Error('7 PERMISSION_DENIED: no'), { code: 7, details: 'no', metadata: {} });
    const { exitCode, message } = failureOf(new Error('outer', { cause: answer }), {});
    assert.equal(exitCode, 3);
    assert.equal(message, 'the Temporal server refused the call: no');
  });

  it('says what to do about a namespace that is not there, whichever call found out', () => {
    const answer = Object.assign(new Error('5 NOT_FOUND'), { code: 5, details: 'Namespace nowhere is not found.', metadata: {} });
    assert.deepEqual(failureOf(answer, {}), failureOf(new NamespaceNotFoundError('nowhere'), {}));
  });

  it('shows of an unexpected error one sentence without its message, which may quote data, and a stack only for SLUICE_DEBUG=1', () => {
    const error = Object.assign(new TypeError('the value was secret@example.com'), { code: 'ODD' });
    const { message } = failureOf(error, {});
    assert.match(message ?? '', /^unexpected TypeError \(ODD\): .*SLUICE_DEBUG=1[^\n]*$/);
    assert.ok(!(message ?? '').includes('secret'));
    assert.match(failureOf(error, { SLUICE_DEBUG: '1' }).message ?? '', /failure\.test\.ts/);
  });
});
