import assert from 'node:assert/strict';
import { heeded, type QuotaNotice, type QuotaState } from '../../../src/domain/quota-hold.js';

const minuteMs = 60_000;
const nowMs = Date.parse('2026-03-04T12:00:00Z');
const untilMs = Date.parse('2026-04-01T00:00:00Z');
const open: QuotaState = { version: 5, hold: { kind: 'open' } };
const paused: QuotaState = { version: 5, hold: { kind: 'paused', untilMs } };
const resumed: QuotaNotice = { kind: 'resumed', version: 6, starts: true, delayMs: 2_000, soon: false };

describe('a notice from the ledger', () => {
  it('says nothing any more once a newer one has come', () => {
    for (const version of [4, 5]) assert.deepEqual(heeded(paused, { ...resumed, version }, null, nowMs), paused);
    assert.deepEqual(heeded(open, { kind: 'paused', version: 6, untilMs }, null, nowMs), { version: 6, hold: { kind: 'paused', untilMs } });
  });

  it('resumes after its delay, and not within 15 minutes of the last start unless the cycle turned or the plan was raised', () => {
    assert.deepEqual(heeded(paused, resumed, null, nowMs), { version: 6, hold: { kind: 'resuming', atMs: nowMs + 2_000, starts: true } });
    const lastStartedMs = nowMs - minuteMs;
    assert.deepEqual(heeded(paused, resumed, lastStartedMs, nowMs), { version: 6, hold: { kind: 'resuming', atMs: nowMs + 14 * minuteMs, starts: true } });
    assert.deepEqual(heeded(paused, { ...resumed, soon: true }, lastStartedMs, nowMs), { version: 6, hold: { kind: 'resuming', atMs: nowMs + 2_000, starts: true } });
  });

  it('holds nobody up who was not paused and was not cut off', () => {
    assert.deepEqual(heeded(open, { ...resumed, starts: false }, null, nowMs), open);
    assert.deepEqual(heeded(paused, { ...resumed, starts: false }, null, nowMs).hold, { kind: 'resuming', atMs: nowMs + 2_000, starts: false });
  });
});
