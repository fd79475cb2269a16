import assert from 'node:assert/strict';
import { WarehouseRefusedError, WarehouseUnavailableError } from '../../src/errors/errors.js';
import { eventsOf } from '../../src/domain/staged-record.js';
import { SnowflakeClient } from '../../src/warehouses/snowflake/client.js';
import { createSnowflakeWarehouse } from '../../src/warehouses/snowflake/index.js';
import { readDelta } from '../../src/warehouses/snowflake/read-delta.js';
import { unloadFolder } from '../../src/warehouses/snowflake/unload.js';
import type { SyncRef } from '../../src/warehouses/warehouse.js';
import { TestBucket } from '../support/s3.js';
import { needsSnowflake } from '../support/snowflake/needs.js';
import type { SnowflakeEmulator } from '../support/snowflake/server.js';
import { openEmulated } from './emulated.js';
import type { SnowflakeHarness } from './snowflake-harness.js';
import type { SyncDriver } from './warehouse-driver.js';
import type { Bench } from './warehouse-suite.js';

const never = new AbortController().signal;
const stage = 'warehouse.PUBLIC."a stage"';
const quoted = '"WAREHOUSE"."PUBLIC"."a stage"';

/** The COPY INTO that runs here is the emulator's, written after Snowflake's documentation; the rest is as it will be: the driver, the statement, the bucket. */
describe('Snowflake with a stage to unload to', function () {
  this.timeout(120_000);
  let emulator: SnowflakeEmulator;
  let harness: SnowflakeHarness;
  let bench: Bench;
  let bucket: TestBucket;
  let client: SnowflakeClient;
  let driver: SyncDriver;
  needsSnowflake();
  before(async function () {
    ({ emulator, harness, bench } = await openEmulated(this));
    bucket = await TestBucket.make('unloads');
    const { endpoint, bucket: name, prefix } = bucket.location;
    await emulator.ask('stage', { stage: quoted, address: `${endpoint}/${name}/${prefix}` });
    client = clientWith(stage);
  });
  afterEach(async () => {
    assert.deepEqual(await bucket.keys(), [], 'nothing is left in the stage');
    await harness.clear();
  });
  after(async () => {
    await client.close();
    await bucket.close();
    await harness.close();
  });

  const settingsWith = (named: string) => ({ ...harness.settings, unload: { stage: named, store: bucket.location } });
  const clientWith = (named: string): SnowflakeClient => new SnowflakeClient('snow', settingsWith(named));

  /** A sync that has something to stage: awkward values, cut off or not. */
  async function diffed(limits: { readonly maxRecordsPerSync?: number } = {}) {
    const names = [`'quote " and "" two'`, `'line\nfeed'`, `'tab\t and back\\\\slash'`, `'Zoë – 日本語 🦆'`, `''`, 'NULL', `'''\\\\N'''`];
    await bench.run('CREATE TABLE "people" ("id" BIGINT, "name" TEXT)');
    for (const [id, name] of names.entries()) await bench.run(`INSERT INTO "people" SELECT ${id}, ${name}`);
    driver = bench.driver({ query: 'SELECT * FROM "people"', ...limits });
    const sync = await driver.open();
    await driver.diff(sync);
    return sync;
  }

  /** Everything is unloaded, however little, unless told otherwise. */
  async function read(sync: SyncRef, { through = client, unloadFrom = 1 } = {}): Promise<readonly string[]> {
    const records: string[] = [];
    for await (const block of readDelta(through, { sync, subscription: driver.subscription, batchSize: 500 }, never, unloadFrom)) {
      const versions = block.versions.toString().split('\n');
      records.push(...eventsOf(block).map((event, index) => `${block.chunk} ${versions[index] ?? ''} ${event.toString()}`));
    }
    return records.sort();
  }

  it('reads the same records from its files as through the driver, and removes them', async () => {
    for (const limits of [{}, { maxRecordsPerSync: 5 }]) {
      const sync = await diffed(limits);
      const unloaded = await read(sync);
      assert.equal(unloaded.length, limits.maxRecordsPerSync ?? 7);
      assert.deepEqual(unloaded, await read(sync, { unloadFrom: 8 }));
      await driver.settleDead(sync);
      await harness.clear();
    }
  });

  it('counts what came: a file that is missing is an error that a retry mends', async () => {
    const sync = await diffed();
    await emulator.ask('lose_file', { stage: quoted });
    await assert.rejects(read(sync), (error) => error instanceof WarehouseUnavailableError && /unloaded 7 records .* but there are 5 .*stage's URL/.test(error.message));
    assert.equal((await read(sync)).length, 7);
  });

  it('removes what an attempt that died has left, and nothing of other subscriptions', async () => {
    const sync = await diffed();
    const own = unloadFolder(settingsWith(stage), 'people_to_crm');
    const others = unloadFolder(settingsWith(stage), 'people_to_crm_2');
    for (const folder of [own, others]) await bucket.put(`${folder}dead/data_0_0_0.csv.gz`, Buffer.from('records'));
    assert.equal((await read(sync)).length, 7);
    assert.deepEqual(await bucket.keys(), [`${others}dead/data_0_0_0.csv.gz`]);
    await bucket.removeAll('');
  });

  it('removes its files when the reader stops in the middle', async () => {
    const sync = await diffed();
    for await (const block of readDelta(client, { sync, subscription: driver.subscription, batchSize: 500 }, never, 1)) {
      assert(block.ends.length > 0);
      break;
    }
  });

  it('is named by a check, with what is missing: the stage, or the place in the bucket', async () => {
    const itemsOf = async (settings: ReturnType<typeof settingsWith>) => {
      const warehouse = createSnowflakeWarehouse('snow', settings);
      const items = await warehouse.checkAccess([], never);
      await warehouse.close();
      return items.filter(({ what }) => what.startsWith('unloads to stage'));
    };
    const what = (named: string) => `unloads to stage ${named}, and reads it in bucket "${bucket.location.bucket}"`;
    assert.deepEqual(await itemsOf(settingsWith(stage)), [{ what: what(stage), problem: null }]);
    const [unknown] = await itemsOf(settingsWith('warehouse.public.other'));
    assert.match(unknown?.problem ?? '', /Stage .*"OTHER".* does not exist or not authorized.*sluice grants/s);
    const elsewhere = settingsWith(stage);
    const [misplaced] = await itemsOf({ ...elsewhere, unload: { ...elsewhere.unload, store: { ...bucket.location, prefix: 'another/folder' } } });
    assert.match(misplaced?.problem ?? '', /there are 0 in bucket .* at another\/folder.*the stage's URL names/);
    await bucket.removeAll('');
    const [shut] = await itemsOf({ ...elsewhere, unload: { ...elsewhere.unload, store: { ...bucket.location, bucket: 'no-such-bucket' } } });
    assert.match(shut?.problem ?? '', /there is no such bucket/);
    await bucket.removeAll('');
  });

  it('says that the stage is missing, not the delta, when it is gone in the middle of a sync', async () => {
    const sync = await diffed();
    const other = clientWith('warehouse.public.other');
    await assert.rejects(read(sync, { through: other }), (error) => error instanceof WarehouseRefusedError && error.message.includes('Stage'));
    await other.close();
  });

  it('needs grants on the stage, which `sluice grants` prints', async () => {
    const warehouse = createSnowflakeWarehouse('snow', { ...settingsWith(stage), role: 'SYNC' });
    const printed = await warehouse.grants([], never);
    await warehouse.close();
    assert.deepEqual(printed.slice(-5), [
      'GRANT USAGE ON DATABASE "WAREHOUSE" TO ROLE "SYNC";',
      'GRANT USAGE ON SCHEMA "WAREHOUSE"."PUBLIC" TO ROLE "SYNC";',
      `GRANT USAGE ON STAGE ${quoted} TO ROLE "SYNC";`,
      `-- the stage has to be external, on s3://${bucket.location.bucket}/unloads, with a storage integration or credentials that may write there`,
      '-- the credentials of unload.store have to list that place, and to read and delete the objects in it',
    ]);
  });
});
