import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Subscription } from '../../src/domain/subscription.js';
import { createPostgresWarehouse } from '../../src/warehouses/postgres/index.js';
import type { Warehouse } from '../../src/warehouses/warehouse.js';
import { SyncDriver } from '../conformance/warehouse-driver.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';
import { runSluice } from '../unit/cli/run-sluice.js';

const subscription: Subscription = {
  id: 'people_to_crm',
  enabled: true,
  model: { name: 'people', source: 'warehouse', query: `select 1 as id, 'ada' as name`, identifier: 'id', timestamp: null },
  destination: 'crm',
  syncMode: 'mirror',
  schedule: { kind: 'manual' },
  mapping: null,
  nullValues: 'send',
  initialSync: 'send',
  continueImmediately: false,
};

/** Neither Temporal nor a worker is there. */
describe('sluice failures', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let warehouse: Warehouse;
  let folder: TemporaryFolder;
  const failures = async (...args: string[]): Promise<string> => {
    const ended = await runSluice(folder.path, ['failures', 'people_to_crm', ...args], { WAREHOUSE_URL: database.url });
    assert.equal(ended.exitCode, 0, ended.stderr);
    return ended.stdout;
  };

  before(async () => {
    [database, folder] = await Promise.all([freshDatabase(), temporaryFolder()]);
    const limits = { maxRecordsPerSync: 1_000, statementTimeoutMs: 60_000, maxConcurrentDiffs: 1 };
    warehouse = createPostgresWarehouse('warehouse', { url: database.url, stateSchema: '__segment_reverse_etl', ...limits });
    await writeFile(
      join(folder.path, 'sluice.yaml'),
      `workspace: {id: acme}
sources: {warehouse: {type: postgres, url: "\${WAREHOUSE_URL}"}}
models: {people: {source: warehouse, query: select 1 as id, identifier: id}}
destinations: {crm: {type: webhook, url: "http://127.0.0.1:1/"}}
subscriptions: {people_to_crm: {model: people, destination: crm, schedule: manual}}
`,
    );
  });
  after(async () => {
    await warehouse.close();
    await Promise.all([database.drop(), folder.remove()]);
  });

  it('does not take for delivered what no sync has sent', async () => {
    const driver = new SyncDriver(warehouse, subscription);
    await driver.sync({ fate: () => 'not_sent' });
    assert.equal(await failures(), 'no record of people_to_crm has failed or was rejected; what a sync did not send shows in `sluice history people_to_crm`\n');
  });

  it('shows the status code and the words of the destination, and forgets with --retry what has expired', async () => {
    const driver = new SyncDriver(warehouse, subscription);
    for (let attempt = 1; attempt <= 5; attempt++) await driver.sync({ fate: () => 'refused' });
    assert.match(await failures(), /^1\s+new\s+5\s.*\sexpired\s+422\s+no such plan$/m);
    assert.match(await failures('--retry'), /^the next sync of people_to_crm sends 1 expired failure again$/m);
    const { failures: listed } = JSON.parse(await failures('--json')) as { failures: { attempts: number; expired: boolean; code: string }[] };
    assert.deepEqual(listed.map(({ attempts, expired, code }) => ({ attempts, expired, code })), [{ attempts: 0, expired: false, code: '422' }]);
    assert.deepEqual(JSON.parse(await failures('--retry', '--json')), { subscriptionId: 'people_to_crm', retried: 0 });
    assert.deepEqual((await driver.sync()).events.length, 1);
  });
});
