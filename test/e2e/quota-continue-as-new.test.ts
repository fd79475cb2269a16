import assert from 'node:assert/strict';
import { messageNames } from '../../src/contract/messages.js';
import type { QuotaMessage } from '../../src/contract/quota.js';
import { defaultCacheFolder } from '../../src/devserver/temporal-cli.js';
import { startTemporal, type TemporalServer } from '../../src/devserver/temporal.js';
import { QuotaRig } from '../support/quota.js';
import { createRig, eventually, type Rig } from '../support/sluice.js';

/** A server that suggests it after this many events, so that a few syncs are enough. */
const suggestAfterEvents = 60;

describe('a ledger that continues as new', function () {
  this.timeout(90_000);
  let server: TemporalServer;
  let rig: Rig;
  let quota: QuotaRig;
  before(async () => {
    const extraArgs = ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${suggestAfterEvents}`];
    server = await startTemporal({ port: 0, headless: true, cacheFolder: defaultCacheFolder(), extraArgs, log: () => undefined });
    rig = await createRig({ server });
    quota = QuotaRig.on(rig, { kind: 'custom', records: 1_000 });
    await rig.startWorker(quota.configuration);
  });
  after(async () => {
    await rig.stop();
    await server.stop();
  });

  const ledger = () => rig.temporal.workflow.getHandle(`quota/${quota.workspaceId}`);
  const run = async (): Promise<string> => (await ledger().describe()).runId;

  it('keeps what it counted, what it reserved and who is paused, also while a source that it asks does not answer', async () => {
    const people = await quota.subscribe('steady', 40);
    assert.equal((await people.sync()).processed, 40);
    // The second reservation makes it look for the first one's row, on a source that no worker knows.
    const request = { subscriptionId: 'elsewhere', source: 'gone', destination: 'crm', number: 1, wanted: 10 };
    const tell = (message: QuotaMessage): Promise<void> => ledger().signal(messageNames.quotaMessage, message);
    await tell({ kind: 'reserve', request });
    await eventually('the first is granted', async () => (await quota.usage()).reserved === 10);
    const waiting: QuotaMessage = { kind: 'reserve', request: { ...request, number: 2, wanted: 7 } };
    await tell(waiting);
    const first = await run();
    let expected = 40;
    for (let round = 1; (await run()) === first; round++) {
      assert.ok(round <= 12, 'it has not continued as new');
      await rig.database.query(`UPDATE ${people.table} SET score = ${-round} WHERE id <= 3`);
      assert.equal((await people.sync()).processed, 3);
      expected += 3;
      await tell(waiting);
    }
    await rig.database.query(`UPDATE ${people.table} SET name = 'after' WHERE id <= 5`);
    assert.equal((await people.sync()).processed, 5);
    const { processed, reserved, bySubscription } = await quota.usage();
    assert.deepEqual([processed, reserved, bySubscription['steady']], [expected + 5, 10, expected + 5]);

    const large = await quota.subscribe('large', 1_000);
    const cut = await large.sync();
    assert.equal(cut.processed, 1_000 - processed - reserved);
    const second = await run();
    for (let i = 0; i < suggestAfterEvents; i++) await tell(waiting);
    await eventually('it has continued as new once more', async () => (await run()) !== second);
    const later = await quota.usage();
    assert.deepEqual([later.remaining, later.reserved, later.paused], [0, 10, ['large']]);
  });

  it('does so before it has counted, if that takes so long, and loses no message', async () => {
    const before = await quota.usage();
    await quota.changePlan({ kind: 'custom', records: 2_000 });
    await eventually('everything is sent', async () => (await rig.client.status('large')).state === 'idle' && (await quota.usage()).reserved === 10);
    const { processed } = await quota.usage();
    assert.equal(processed, before.processed + 1_000 - (before.bySubscription['large'] ?? 0));
    const lock = await rig.database.connect();
    await lock.query('BEGIN; LOCK TABLE __segment_reverse_etl.state_steady IN ACCESS EXCLUSIVE MODE');
    await ledger().terminate();
    await quota.changePlan({ kind: 'custom', records: 2_000 });
    const first = await run();
    const elsewhere = { subscriptionId: 'elsewhere', source: 'gone', destination: 'crm', number: 3, wanted: 4 };
    for (let i = 0; i < suggestAfterEvents; i++) await ledger().signal(messageNames.quotaMessage, { kind: 'reserve', request: elsewhere } satisfies QuotaMessage);
    await eventually('it has continued as new', async () => (await run()) !== first);
    await assert.rejects(quota.usage(), /being counted/);
    await lock.query('COMMIT');
    lock.release();
    await eventually('it has counted', async () => quota.usage().then(({ reserved }) => reserved === 4, () => false));
    assert.equal((await quota.usage()).processed, processed);
  });
});
