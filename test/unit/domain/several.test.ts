import assert from 'node:assert/strict';
import { setImmediate as soon } from 'node:timers/promises';
import { several } from '../../../src/domain/several.js';

describe('several works', () => {
  it('are under way at once as many as may be, and give their results in the order of the items', async () => {
    let underWay = 0;
    let most = 0;
    const results = await several([5, 1, 4, 2, 3], 2, async (turns) => {
      most = Math.max(most, ++underWay);
      for (let turn = 0; turn < turns; turn++) await soon();
      underWay -= 1;
      return turns * 10;
    });
    assert.deepEqual([results, most], [[50, 10, 40, 20, 30], 2]);
  });

  it('are none for no items', async () => {
    assert.deepEqual(await several([], 3, () => Promise.reject(new Error('never'))), []);
  });

  it('end before the failure of one is told, and no more are begun', async () => {
    const begun: number[] = [];
    let ended = 0;
    const work = async (item: number): Promise<void> => {
      begun.push(item);
      if (item === 1) throw new Error('the first');
      await soon();
      ended += 1;
    };
    await assert.rejects(several([1, 2, 3, 4], 2, work), /the first/);
    assert.deepEqual([begun, ended], [[1, 2], 1]);
  });
});
