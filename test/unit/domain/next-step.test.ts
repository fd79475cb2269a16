import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nextStep, refusalOf, type Situation } from '../../../src/domain/next-step.js';
import type { Schedule } from '../../../src/domain/schedule.js';

const minuteMs = 60_000;
const nowMs = Date.parse('2026-03-04T12:00:00Z');
const hourly: Schedule = { kind: 'interval', everyMs: 60 * minuteMs };
const idle: Situation = { enabled: true, paused: false, quota: { kind: 'open' }, schedule: hourly, requested: null, continues: false, lastStartedMs: nowMs - 30 * minuteMs, anchorMs: nowMs - 90 * minuteMs };

describe('the next step of a subscription', () => {
  it('is to wait for its due time, and to start when that has come', () => {
    assert.deepEqual(nextStep(idle, nowMs), { kind: 'wait', untilMs: nowMs + 30 * minuteMs });
    assert.deepEqual(nextStep(idle, nowMs + 30 * minuteMs - 1), { kind: 'wait', untilMs: nowMs + 30 * minuteMs });
    assert.deepEqual(nextStep(idle, nowMs + 30 * minuteMs), { kind: 'start', trigger: 'schedule' });
  });

  it('is the first sync at once where the schedule is an interval, and at its time where it is a cron expression', () => {
    assert.deepEqual(nextStep({ ...idle, lastStartedMs: null, anchorMs: nowMs }, nowMs), { kind: 'start', trigger: 'schedule' });
    const schedule: Schedule = { kind: 'cron', expression: '30 12 * * *', timezone: 'UTC' };
    assert.deepEqual(nextStep({ ...idle, schedule, lastStartedMs: null, anchorMs: nowMs }, nowMs), { kind: 'wait', untilMs: nowMs + 30 * minuteMs });
  });

  it('is never a scheduled sync within 15 minutes of the last start', () => {
    const schedules: readonly Schedule[] = [{ kind: 'interval', everyMs: 1 }, hourly, { kind: 'cron', expression: '* * * * *', timezone: 'UTC' }];
    fc.assert(
      fc.property(fc.constantFrom(...schedules), fc.nat(15 * minuteMs - 1), (schedule, sinceMs) => {
        const step = nextStep({ ...idle, schedule, lastStartedMs: nowMs - sinceMs }, nowMs);
        assert(step.kind === 'wait' && (step.untilMs ?? 0) >= nowMs - sinceMs + 15 * minuteMs);
      }),
    );
  });

  it('is a requested sync before all others, however long ago the last one started', () => {
    for (const schedule of [hourly, { kind: 'manual' }] as const) {
      assert.deepEqual(nextStep({ ...idle, schedule, requested: 'manual', continues: true, lastStartedMs: nowMs }, nowMs), { kind: 'start', trigger: 'manual' });
      assert.deepEqual(nextStep({ ...idle, schedule, requested: 'replay', continues: true, lastStartedMs: nowMs }, nowMs), { kind: 'start', trigger: 'replay' });
      assert.deepEqual(nextStep({ ...idle, schedule, continues: true, lastStartedMs: nowMs }, nowMs), { kind: 'start', trigger: 'continuation' });
    }
  });

  it('is to wait for a message where nothing else can change anything', () => {
    assert.deepEqual(nextStep({ ...idle, schedule: { kind: 'manual' } }, nowMs), { kind: 'wait', untilMs: null });
  });

  it('starts nothing while paused or disabled, and loses no due time that passes meanwhile', () => {
    const due = { ...idle, lastStartedMs: nowMs - 120 * minuteMs };
    for (const stopped of [{ paused: true }, { enabled: false }, { paused: true, enabled: false }]) {
      assert.deepEqual(nextStep({ ...due, ...stopped, requested: 'manual', continues: true }, nowMs), { kind: 'wait', untilMs: null });
    }
    assert.deepEqual(nextStep(due, nowMs), { kind: 'start', trigger: 'schedule' });
  });
});

describe('a manual sync', () => {
  it('is taken while idle and while syncing', () => {
    assert.equal(refusalOf('people', 'idle'), null);
    assert.equal(refusalOf('people', 'syncing'), null);
  });

  it('is refused otherwise, with the subscription, the reason and what to do', () => {
    assert.match(refusalOf('people', 'paused') ?? '', /"people" is paused.*sluice resume people/);
    assert.match(refusalOf('people', 'disabled') ?? '', /"people" is disabled.*enabled: true/);
    assert.match(refusalOf('people', 'quota_paused') ?? '', /"people" is paused.*quota/);
  });
});
