import assert from 'node:assert/strict';
import { durationText, tableText, timeText } from '../../../src/cli/output.js';
import { lines } from '../../../src/cli/progress.js';
import { historyText, resultText } from '../../../src/cli/sync-report.js';
import { emptyBooks } from '../../../src/domain/books.js';
import type { SyncResult } from '../../../src/domain/sync.js';

const result: SyncResult = {
  ...emptyBooks,
  syncId: 'customers_to_crm-12',
  subscriptionId: 'customers_to_crm',
  status: 'succeeded',
  trigger: 'manual',
  startedAt: '2026-01-31T09:00:00.000Z',
  finishedAt: '2026-01-31T09:00:03.250Z',
  extracted: { added: 10, updated: 100, deleted: 10, rejected: 0 },
  processed: 120,
  succeeded: 120,
  moreToExtract: false,
  ambiguous: 0,
  resentForColumns: 0,
  replayOf: null,
  superseded: 0,
  error: null,
};

describe('what sluice prints for people', () => {
  it('aligns columns, without lines, colours or blanks at the end', () => {
    const text = tableText([{ title: 'name' }, { title: 'count', align: 'right' }], [['a', '1'], ['longer', '100']]);
    assert.equal(text, 'name    count\na           1\nlonger    100');
  });

  it('gives times in UTC and durations in units that fit', () => {
    assert.equal(timeText('2026-01-31T09:00:00.123Z'), '2026-01-31 09:00:00 UTC');
    const durations = [
      ['2026-01-31T09:00:03.250Z', '3.2 s'],
      ['2026-01-31T09:00:59.990Z', '59.9 s'],
      ['2026-01-31T09:01:00.000Z', '1 min 0 s'],
      ['2026-01-31T11:59:59.000Z', '2 h 59 min'],
      ['2026-01-31T08:00:00.000Z', '0.0 s'],
    ] as const;
    for (const [to, expected] of durations) assert.equal(durationText('2026-01-31T09:00:00.000Z', to), expected);
  });

  it('accounts for every record of a sync, and for why it ended early', () => {
    const text = resultText({ ...result, status: 'failed', failed: 2, ambiguous: 1, notSent: 3, excluded: 4, moreToExtract: true, error: 'the destination was down' });
    assert.match(text, /^customers_to_crm-12: failed after 3\.2 s\n/);
    for (const part of ['10 added, 100 updated, 10 deleted, 0 rejected', '120: 120 succeeded, 2 failed (1 sent without an answer)', '3 not sent, 4 excluded', 'goes on', 'the destination was down']) {
      assert.ok(text.includes(part), part);
    }
    assert.doesNotMatch(resultText(result), /error|goes on/);
  });

  it('says where the reasons stand when records failed or were rejected, and only then', () => {
    const rejected = { ...result, extracted: { ...result.extracted, rejected: 1 } };
    for (const lacking of [{ ...result, failed: 1 }, rejected]) assert.match(resultText(lacking), /^ {2}reasons {4}see `sluice failures customers_to_crm`$/m);
    assert.doesNotMatch(resultText(result), /sluice failures/);
  });

  it('names a sync that could not be opened', () => {
    assert.match(resultText({ ...result, syncId: null }), /^a sync of customers_to_crm that could not be opened: /);
  });

  it('puts the errors of past syncs below the table, each with its sync', () => {
    const text = historyText([{ ...result, syncId: 'customers_to_crm-13', status: 'failed', error: 'refused' }, result]).split('\n');
    assert.equal(text.length, 5);
    assert.match(text[2] ?? '', /^customers_to_crm-12\s+succeeded\s+manual\s+2026-01-31 09:00:00 UTC\s+3\.2 s\s+10\s+100\s+10\s+0\s+120\s+0\s+0\s+0$/);
    assert.equal(text[4], 'customers_to_crm-13: refused');
  });

  it('tells each step of a sync once where no terminal is', () => {
    const told: string[] = [];
    const display = lines((line) => told.push(line));
    display.show({ step: 'diffing', toSend: null, processed: 0 });
    display.show({ step: 'loading', toSend: 120, processed: 0 });
    display.show({ step: 'loading', toSend: 120, processed: 60 });
    display.show({ step: 'settling', toSend: 120, processed: 120 });
    assert.deepEqual(told, ['comparing the model with what was delivered', 'delivering 120 records', 'settling']);
  });
});
