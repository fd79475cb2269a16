import assert from 'node:assert/strict';
import pg from 'pg';
import { WarehouseUnavailableError } from '../../src/errors/errors.js';
import { createPostgresWarehouse } from '../../src/warehouses/postgres/index.js';
import type { StagedChunk, SyncRef, Warehouse } from '../../src/warehouses/warehouse.js';
import { countsOf, streamOf, SyncDriver, type StagedEvent } from '../conformance/warehouse-driver.js';
import { freshDatabase, type TestDatabase } from '../support/postgres.js';
import { TcpProxy, type CutMoment } from '../support/tcp-proxy.js';

const rows = 60;
const leaseMs = 60_000;
const state = '__segment_reverse_etl';

/** Tries a step again for as long as the warehouse is unavailable, as Temporal does; any other error ends the test. */
async function again<T>(step: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step(attempt);
    } catch (error) {
      if (!(error instanceof WarehouseUnavailableError) || attempt === 5) throw error;
    }
  }
}

describe('a connection to the warehouse that breaks', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let pool: pg.Pool;
  let proxy: TcpProxy;
  let warehouse: Warehouse;
  let driver: SyncDriver;
  /** What the destination has taken: the name of each person, by id. */
  const delivered = new Map<string, unknown>();
  const messageIds = new Set<string>();

  before(async () => {
    database = await freshDatabase();
    pool = new pg.Pool({ connectionString: database.url });
    const url = new URL(database.url);
    proxy = await TcpProxy.start(url.host);
    url.host = proxy.address;
    url.searchParams.set('options', '-c max_parallel_workers=0');
    const settings = { url: url.href, stateSchema: state, maxRecordsPerSync: 1_000_000, statementTimeoutMs: 60_000, maxConcurrentDiffs: 2 };
    warehouse = createPostgresWarehouse('warehouse', settings);
    const model = { name: 'people', source: 'warehouse', query: 'select * from people', identifier: 'id', timestamp: null };
    driver = new SyncDriver(warehouse, {
      ...{ id: 'people_to_crm', enabled: true, model, destination: 'crm', syncMode: 'mirror', schedule: { kind: 'manual' } },
      ...{ mapping: null, nullValues: 'send', initialSync: 'send', continueImmediately: false },
    });
    await pool.query(`CREATE TABLE people AS SELECT id, 'person ' || id AS name FROM generate_series(1, ${rows}) AS id`);
    await sync();
  });
  after(async () => {
    await warehouse.close();
    await proxy.close();
    await pool.end();
    await database.drop();
  });

  /** One whole sync, each step tried until it succeeds. Every seventh record is refused. */
  async function sync(): Promise<void> {
    const requestKey = `request-${process.hrtime.bigint()}`;
    const opened = await again(() => driver.open(requestKey));
    const diff = await again((attempt) => driver.diff(opened, attempt));
    await again(() => warehouse.takeGrant(opened, diff.toSend, 1));
    const staged = await again(() => driver.read(opened));
    const chunks = await again(() => warehouse.registerChunks(opened, staged.chunks));
    for (const chunk of chunks) await load(opened, chunk, staged.events.get(chunk.chunk) ?? []);
    const fenced = await again(() => warehouse.fenceSync(opened));
    const result = await again(async () => warehouse.settleSync({ ...opened, epoch: fenced.sync.epoch }, null));
    assert.equal(result.processed, diff.toSend);
  }

  async function load(sync: SyncRef, { chunk }: StagedChunk, events: readonly StagedEvent[]): Promise<void> {
    const refused = events.filter(({ __segment_id: id }) => Number(id) % 7 === 0);
    const outcomes = refused.map(({ __segment_id: recordId }) => ({ recordId, outcome: 'failed', reason: 'not today' }) as const);
    await again(() => warehouse.acquireChunk(sync, chunk, 'loader', leaseMs));
    await again(() => warehouse.acquireChunk(sync, chunk, 'loader', leaseMs)); // renewed
    for (const event of events) if (!refused.includes(event)) deliver(event);
    await again(() => warehouse.finishChunk(sync, chunk, 'loader', countsOf(events.length, outcomes), streamOf(outcomes)));
  }

  function deliver({ event, messageId, __segment_id: id, properties }: StagedEvent): void {
    assert.ok(!messageIds.has(messageId), 'nothing is sent twice');
    messageIds.add(messageId);
    if (event === 'deleted') delivered.delete(id);
    else delivered.set(id, properties['name']);
  }

  const change = (round: number): Promise<unknown> => {
    return pool.query(`DELETE FROM people WHERE id % 20 = ${round % 20}; UPDATE people SET name = 'round ${round}' WHERE id % 10 = ${round % 10};
      INSERT INTO people SELECT id, 'new ${round}' FROM generate_series(1, ${rows}) AS id WHERE id % 20 = ${(round + 10) % 20} AND id NOT IN (SELECT id FROM people)`);
  };

  /** Every change but those to refused records has arrived, every sync's books close, and no table of a sync is left. */
  async function assertAllIsWell(): Promise<void> {
    const people = await pool.query<{ id: string; name: string }>('SELECT id::text, name FROM people WHERE id % 7 <> 0');
    assert.deepEqual(new Map([...delivered].sort()), new Map(people.rows.map(({ id, name }) => [id, name] as const).sort()));
    const open = await pool.query(`SELECT number FROM ${state}.syncs_people_to_crm
      WHERE finished_at IS NULL OR added + updated + deleted <> succeeded + failed + not_sent + excluded OR processed <> succeeded + failed`);
    assert.deepEqual(open.rows, []);
    const left = await pool.query(`SELECT relname FROM pg_class WHERE relnamespace = '${state}'::regnamespace AND relname ~ '^[di]_people_to_crm_'`);
    assert.deepEqual(left.rows, []);
    const rest = await pool.query(`SELECT sync FROM ${state}.chunks_people_to_crm UNION ALL SELECT sync FROM ${state}.outcomes_people_to_crm`);
    assert.deepEqual(rest.rows, []);
  }

  for (const moment of ['asked', 'answered'] satisfies readonly CutMoment[]) {
    it(`at any statement, ${moment === 'asked' ? 'before it arrives' : 'its answer on the way'}, makes one step start anew and nothing else`, async () => {
      let round = 0;
      let wasCut = true;
      for (let message = 1; wasCut; message++) {
        await change((round += 1));
        proxy.cutAt(message, moment);
        await sync();
        wasCut = !proxy.disarm(); // a sync has no more messages than this
      }
      assert.ok(round > 40, `a sync has ${round} statements`);
      await assertAllIsWell();
    });
  }

  it('in the middle of the records that are read loses and repeats none of them', async () => {
    await pool.query(`INSERT INTO people SELECT id, repeat('long name ', 20) FROM generate_series(1001, 6000) AS id`);
    const opened = await driver.open();
    await driver.diff(opened);
    const readAll = async (): Promise<readonly string[]> => [...(await driver.read(opened)).lines].sort();
    const whole = await readAll();
    for (const part of [0.2, 0.5, 0.8]) {
      proxy.cutAfter(part * whole.join('\n').length);
      await assert.rejects(readAll(), WarehouseUnavailableError);
      assert.deepEqual(await again(readAll), whole);
    }
    await again(() => driver.settleDead(opened));
    await sync();
    await assertAllIsWell();
  });
});
