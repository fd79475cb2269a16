import assert from 'node:assert/strict';
import type { SyncResult } from '../../src/client/index.js';
import type { Subscription } from '../../src/domain/subscription.js';
import { createPeople, createRig, modelState, receivedState, type Rig } from '../support/sluice.js';
import type { TcpProxy } from '../support/tcp-proxy.js';
import { sourceBehind, startProxy, unsettled } from '../support/trouble.js';

const rows = 240;
const lineCount = 12;
/** Ids of one line's table begin at its number times this, so that all of them share the receiver. */
const idsApart = 100_000;

/** A subscription that reaches the warehouse by a line of its own, which a test can cut. */
interface Line {
  readonly id: string;
  readonly proxy: TcpProxy;
  readonly subscription: Subscription;
}

describe('syncs whose connections to the warehouse break', function () {
  this.timeout(90_000);
  let rig: Rig;
  let lines: readonly Line[] = [];

  before(async () => {
    rig = await createRig({ destination: { batchSize: 40, concurrency: 2 } });
    lines = await Promise.all(Array.from({ length: lineCount }, (_, index) => openLine(rig, index + 1)));
    await rig.startWorker({ ...rig.configuration, sources: Object.fromEntries(lines.map(({ id, proxy }) => [id, sourceBehind(rig, proxy)])) });
    await rig.client.apply({ ...rig.configuration, subscriptions: Object.fromEntries(lines.map(({ id, subscription }) => [id, subscription])) });
    await syncAll();
  });
  after(async () => {
    await rig.stop();
    await Promise.all(lines.map(({ proxy }) => proxy.close()));
  });

  const syncAll = (): Promise<SyncResult[]> => {
    return Promise.all(
      lines.map(async ({ id }) => {
        const answer = await rig.client.requestSync(id);
        assert.ok(answer.accepted);
        return rig.client.waitForSync(id, answer.request);
      }),
    );
  };
  const changeAll = async (): Promise<void> => {
    for (const { id } of lines) {
      await rig.database.query(`
        DELETE FROM ${id} WHERE id IN (SELECT id FROM ${id} ORDER BY id LIMIT 20);
        UPDATE ${id} SET score = score + 1 WHERE id % 2 = 0;
        INSERT INTO ${id} SELECT max(id) + n, 'new', n, now(), '[]' FROM ${id}, generate_series(1, 20) AS n GROUP BY n`);
    }
  };

  it('end well, each having sent exactly what changed, once', async () => {
    const before = lines[0]?.proxy.messages ?? 0;
    await changeAll();
    await syncAll();
    const messages = (lines[0]?.proxy.messages ?? 0) - before;
    for (const moment of ['asked', 'answered'] as const) {
      await changeAll();
      for (const [index, { proxy }] of lines.entries()) proxy.cutAt(1 + Math.floor((index * messages) / lineCount), moment);
      const results = await syncAll();
      assert.deepEqual(lines.map(({ proxy }) => proxy.disarm()), lines.map(() => false), 'each line was cut');
      const unlike = results.filter(({ status, processed, notSent, error }) => status !== 'succeeded' || processed !== 150 || notSent !== 0 || error !== null);
      assert.deepEqual(unlike, []);
    }
    assert.equal(rig.receiver.taken.repeated, 0);
    const tables = await Promise.all(lines.map(({ id }) => modelState(rig.database, id)));
    assert.deepEqual(receivedState(rig.receiver), new Map(tables.flatMap((table) => [...table])));
    assert.deepEqual(await unsettled(rig), []);
  });
});

async function openLine(rig: Rig, number: number): Promise<Line> {
  const id = `line_${number}`;
  await createPeople(rig.database, rows, id);
  await rig.database.query(`UPDATE ${id} SET id = id + ${number * idsApart}`);
  const subscription = { ...rig.subscription, id, model: { ...rig.subscription.model, source: id, query: `select * from ${id}` } };
  return { id, subscription, proxy: await startProxy(rig) };
}

describe('a model that is written to all the time', function () {
  this.timeout(60_000);
  const people = 100;
  const total = 1_000 * people;
  let rig: Rig;
  before(async () => {
    rig = await createRig();
    await rig.startWorker();
  });
  after(() => rig.stop());

  const sumReceived = (): number => [...rig.receiver.state.values()].reduce((sum, record) => sum + Number(record.properties?.['score']), 0);

  it('is sent as one snapshot by each sync: what moves from row to row is never there twice and never missing', async () => {
    const subscribed = await rig.subscribe(people);
    const { table } = subscribed;
    await rig.database.query(`UPDATE ${table} SET score = 1000`);
    let writing = true;
    const write = async (): Promise<number> => {
      let moves = 0;
      for (; writing; moves++) {
        const [from, to] = [1 + ((moves * 7) % people), 1 + ((moves * 13 + 5) % people)];
        await rig.database.query(`
          UPDATE ${table} SET score = score + CASE WHEN id = ${from} THEN -1 ELSE 1 END WHERE id IN (${from}, ${to}) AND ${from} <> ${to}`);
        // A row that vanishes leaves what it had to another, and comes back with nothing.
        await rig.database.query(`
          WITH gone AS (DELETE FROM ${table} WHERE id = ${from} AND ${from} <> ${to} RETURNING score)
          UPDATE ${table} SET score = score + (SELECT score FROM gone) WHERE id = ${to} AND EXISTS (SELECT FROM gone)`);
        await rig.database.query(`INSERT INTO ${table} VALUES (${from}, 'back', 0, now(), '[]') ON CONFLICT DO NOTHING`);
      }
      return moves;
    };
    const written = write();
    const sums: number[] = [];
    try {
      for (let round = 0; round < 5; round++) {
        assert.equal((await subscribed.sync()).status, 'succeeded');
        sums.push(sumReceived());
      }
    } finally {
      writing = false;
    }
    assert.ok((await written) > 50, 'it was written to all the time');
    assert.deepEqual(sums, sums.map(() => total));
    await subscribed.sync();
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, table));
    assert.equal(rig.receiver.taken.repeated, 0);
  });
});
