import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nextRequest, type Requests } from '../../../src/domain/requests.js';
import { syncNumberOf } from '../../../src/domain/subscription.js';

describe('requests for a sync', () => {
  it('are all served, in the order in which they came, each replay by a sync of its own and never two ordinary ones in a row by two', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(9), { nil: null }), { maxLength: 30 }), (asked) => {
        let requests: Requests = { accepted: asked.length, served: 0, replays: asked.flatMap((sync, index) => (sync === null ? [] : [{ request: index + 1, sync }])) };
        const served: (number | null)[] = [];
        for (let next = nextRequest(requests); next !== null; next = nextRequest(requests)) {
          const { upTo, replay } = next;
          assert(upTo > requests.served);
          served.push(replay);
          requests = { ...requests, served: upTo, replays: requests.replays.filter(({ request }) => request > upTo) };
        }
        assert.equal(requests.served, asked.length);
        assert.deepEqual(served, asked.filter((sync, index) => sync !== null || asked[index - 1] !== null));
      }),
    );
  });
});

describe('the name of a sync', () => {
  it('is read with or without its subscription, and never as a sync of another one', () => {
    for (const name of ['12', 12, 'people_to_crm-12']) assert.equal(syncNumberOf('people_to_crm', name), 12);
    for (const name of ['', '0', '-1', '1.5', 'other-12', 'people_to_crm', 'people_to_crm-', 'people_to_crm-x', '1e3', null, {}, 0, 1.5, 2 ** 60]) {
      assert.equal(syncNumberOf('people_to_crm', name), null);
    }
  });
});
