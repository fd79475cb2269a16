import assert from 'node:assert/strict';
import { processedUnderWay } from '../../../src/client/progress.js';

const load = (data: string) => ({ activityType: { name: 'loadChunk' }, heartbeatDetails: { payloads: [{ data: Buffer.from(data) }] } });

describe('the progress of a sync', () => {
  it('counts nothing for a load whose heartbeat holds no details yet', () => {
    assert.equal(processedUnderWay([load(''), load('null'), load('{"processed":7}')]), 7);
  });
});
