import assert from 'node:assert/strict';
import { usageText } from '../../../src/cli/usage-report.js';
import type { UsageView } from '../../../src/contract/quota.js';

const cycle = (month: string, next: string, processed: number) => ({
  cycleStart: `${month}-01T00:00:00.000Z`,
  cycleEnd: `${next}-01T00:00:00.000Z`,
  processed,
  byDestination: { crm: processed },
  bySubscription: processed === 0 ? {} : { customers: processed - 1, [`orders_${month.slice(0, 4)}`]: 1 },
});

const view: UsageView = {
  workspaceId: 'acme',
  plan: 'custom',
  limit: 1_000,
  ...cycle('2026-03', '2026-04', 600),
  byDestination: { crm: 590, ads: 10 },
  bySubscription: { customers: 600 },
  reserved: 100,
  remaining: 300,
  paused: [],
  limitReachedOn: '2026-03-20',
  past: [cycle('2026-02', '2026-03', 1_000), cycle('2026-01', '2026-02', 0), cycle('2025-12', '2026-01', 500), cycle('2025-11', '2025-12', 0)],
};

describe('the usage page on a terminal', () => {
  it('shows the plan, what is left, each destination and subscription with a bar, the cycles before and the forecast', () => {
    assert.equal(
      usageText(view),
      [
        'workspace acme, plan custom: 1000 records from 2026-03-01 to 2026-04-01',
        '',
        'this cycle                 records  share',
        'processed                      600    60%  ##################',
        'reserved by running syncs      100    10%  ###',
        'left                           300    30%  #########',
        '',
        'destination  records  share',
        'crm              590    59%  ##################',
        'ads               10     1%  #',
        '',
        'subscription  records  share',
        'customers         600    60%  ##################',
        '',
        'cycle from  records',
        '2026-02-01     1000  ##############################',
        '2026-01-01        0',
        '2025-12-01      500  ###############',
        '',
        'destination, cycle from  2026-02-01  2026-01-01  2025-12-01',
        'crm                            1000           0         500',
        '',
        'subscription, cycle from  2026-02-01  2026-01-01  2025-12-01',
        'customers                        999           0         499',
        'orders_2025                        0           0           1',
        'orders_2026                        1           0           0',
        '',
        'at this rate the limit is reached on 2026-03-20',
      ].join('\n'),
    );
  });

  it('says when the limit is reached, and who waits until when', () => {
    const text = usageText({ ...view, processed: 1_000, reserved: 0, remaining: 0, limitReachedOn: '2026-03-04', paused: ['customers', 'orders'] });
    assert.deepEqual(text.split('\n').slice(-2), ['the limit is reached', 'paused until 2026-04-01, or until the plan is raised: customers, orders']);
  });

  it('leaves out what there is nothing of', () => {
    const text = usageText({ ...view, processed: 0, reserved: 0, remaining: 1_000, byDestination: {}, bySubscription: {}, limitReachedOn: null, past: [] });
    assert.equal(text.split('\n').length, 8);
    assert.ok(text.endsWith('at this rate the limit is not reached in this cycle'));
  });
});
