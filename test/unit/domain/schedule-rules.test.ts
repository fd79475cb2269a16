import assert from 'node:assert/strict';
import { scheduleProblem } from '../../../src/domain/schedule-rules.js';

const newYear = Date.parse('2026-01-01T00:00:00Z');

function cronProblem(expression: string, timezone = 'Europe/Berlin'): string | null {
  return scheduleProblem({ kind: 'cron', expression, timezone }, newYear);
}

describe('a schedule', () => {
  it('leaves at least 15 minutes between syncs, to the millisecond', () => {
    assert.equal(scheduleProblem({ kind: 'interval', everyMs: 900_000 }, newYear), null);
    assert.match(scheduleProblem({ kind: 'interval', everyMs: 899_999 }, newYear) ?? '', /at least 15 minutes/);
  });

  it('may come due every 15 minutes, whatever a time zone does to its clocks', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/Havana', 'Australia/Lord_Howe', 'Antarctica/Troll']) {
      assert.equal(cronProblem('*/15 * * * *', zone), null, zone);
    }
  });

  it('is refused when two of its runs are closer, however rarely', () => {
    for (const expression of ['*/14 * * * *', '0,10 6 * * *', '0,59 * * * *', '50,0 23,0 * * *', '0,5 0 29 2 *', '50,0 0,23 31,1 12,1 *']) {
      assert.match(cronProblem(expression) ?? '', /at least 15 minutes apart/, expression);
    }
  });

  it('is refused when the clocks bring two of its runs together', () => {
    assert.equal(cronProblem('0,50 1,3 * * *', 'UTC'), null);
    assert.match(cronProblem('0,50 1,3 * * *', 'Europe/Berlin') ?? '', /10 minutes apart/);
  });

  it('has a cron expression of five fields', () => {
    for (const expression of ['', 'hourly', '0 6 * *', '0 0 6 * * *', '61 * * * *', '2030-01-01T00:00:00']) {
      assert.match(cronProblem(expression) ?? '', /no cron expression/, expression);
    }
    for (const expression of ['0 6 * * 1-5', '0 6 * * mon,thu', '0 0 1 1 *', '@daily']) assert.equal(cronProblem(expression), null, expression);
  });

  it('comes due at some time', () => {
    assert.match(cronProblem('0 0 30 2 *') ?? '', /never comes due/);
  });

  it('names a time zone that exists, and that knows about summer time', () => {
    for (const zone of ['Berlin', 'Europe/Berlinn', '', '+01:00']) assert.match(cronProblem('0 6 * * *', zone) ?? '', /IANA/, zone);
  });
});
