import assert from 'node:assert/strict';
import { createRig, eventually, modelState, receivedState, type Rig } from '../support/sluice.js';

describe('a model with more records than one sync extracts', function () {
  this.timeout(60_000);
  let rig: Rig;
  before(async () => {
    rig = await createRig({ source: { maxRecordsPerSync: 150 } });
    await rig.startWorker();
  });
  after(() => rig.stop());

  const addedBySyncs = async (id: string): Promise<readonly number[]> => (await rig.client.recentSyncs(id)).map(({ extracted }) => extracted.added).reverse();

  it('is drained by one sync right after another where its subscription continues immediately', async () => {
    const people = await rig.subscribe(700, { continueImmediately: true });
    const first = await people.sync();
    assert.deepEqual([first.status, first.moreToExtract], ['partially_succeeded', true]);
    await eventually('all are there', () => rig.receiver.state.size === 700);
    await eventually('the last sync has ended', async () => (await people.status()).lastSync?.moreToExtract === false);
    assert.deepEqual(await addedBySyncs(people.id), [150, 150, 150, 150, 100]);
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
    assert.equal(rig.receiver.taken.repeated, 0);
  });

  it('waits for the next sync otherwise, and says that there is more', async () => {
    const people = await rig.subscribe(200);
    assert.equal((await people.sync()).moreToExtract, true);
    const { state, lastSync } = await people.status();
    assert.deepEqual([state, lastSync?.moreToExtract], ['idle', true]);
    assert.equal((await people.sync()).moreToExtract, false);
    assert.deepEqual(await addedBySyncs(people.id), [150, 50]);
  });
});
