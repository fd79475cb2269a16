import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultCacheFolder } from '../../src/devserver/temporal-cli.js';
import { startTemporal, type TemporalServer } from '../../src/devserver/temporal.js';
import { createRig, eventually, modelState, receivedState, type Rig, type Subscribed } from '../support/sluice.js';

/** A server that suggests it after this many events, so that a few syncs are enough. */
const suggestAfterEvents = 40;

describe('a subscription that continues as new', () => {
  let server: TemporalServer;
  let rig: Rig;
  let people: Subscribed;
  before(async () => {
    const extraArgs = ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${suggestAfterEvents}`];
    server = await startTemporal({ port: 0, headless: true, cacheFolder: defaultCacheFolder(), extraArgs, log: () => undefined });
    rig = await createRig({ server });
    await rig.startWorker();
    people = await rig.subscribe(20);
  });
  after(async () => {
    await rig.stop();
    await server.stop();
  });

  const runs = async (): Promise<number> => {
    let count = 0;
    for await (const execution of rig.temporal.workflow.list({ query: `WorkflowId = 'sync/${people.id}'` })) count += execution.historyLength > 0 ? 1 : 0;
    return count;
  };

  it('serves every request, whichever run took it', async function () {
    this.timeout(60_000);
    for (let round = 1; round <= 6; round++) {
      const requests = await Promise.all([people.request(), people.request(), people.request()]);
      await rig.database.query(`UPDATE ${people.table} SET score = ${round} WHERE id = ${round}`);
      for (const request of requests) await rig.client.waitForSync(people.id, request);
    }
    const { requests } = await people.status();
    assert.deepEqual(requests, { accepted: 18, served: 18 });
    await eventually('it has continued as new', async () => (await runs()) > 1);
    await people.sync();
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
  });

  it('keeps the numbers of its syncs, the last results, and a pause', async function () {
    this.timeout(60_000);
    const known = await rig.client.recentSyncs(people.id);
    await rig.client.pause(people.id);
    const before = await runs();
    const handle = rig.temporal.workflow.getHandle(`sync/${people.id}`);
    for (let i = 0; i < suggestAfterEvents; i++) {
      await handle.signal('pause');
      await sleep(5);
    }
    await eventually('it has continued as new while paused', async () => (await runs()) > before);
    assert.equal((await people.status()).state, 'paused');
    assert.deepEqual(await rig.client.recentSyncs(people.id), known);
    assert.equal((await rig.client.requestSync(people.id)).accepted, false);
    await rig.client.resume(people.id);
    const { syncId } = await people.sync();
    assert.equal(Number(syncId?.split('-')[1]), Number(known[0]?.syncId?.split('-')[1]) + 1);
  });

  it('never does so while a sync runs', async function () {
    this.timeout(60_000);
    await rig.database.query(`UPDATE ${people.table} SET name = 'slow'`);
    rig.receiver.next({ kind: 'delay', ms: 1_500 });
    const request = await people.request();
    await eventually('it syncs', async () => (await people.status()).currentSync !== null);
    const handle = rig.temporal.workflow.getHandle(`sync/${people.id}`);
    const { runId } = await handle.describe();
    for (let i = 0; i < suggestAfterEvents; i++) await handle.signal('resume');
    assert.equal((await handle.describe()).runId, runId);
    const { status, succeeded } = await rig.client.waitForSync(people.id, request);
    assert.deepEqual([status, succeeded], ['succeeded', 20]);
    await eventually('it continues as new afterwards', async () => (await handle.describe()).runId !== runId);
  });
});
