import assert from 'node:assert/strict';
import pg from 'pg';
import { changeCustomers, seedCustomers } from '../../../examples/demo/customers.js';
import { freshDatabase } from '../../support/postgres.js';

type Row = Record<string, unknown>;

describe('the demo customers', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let client: pg.Client;

  beforeEach(async () => {
    database = await freshDatabase();
    client = new pg.Client(database.url);
    await client.connect();
  });
  afterEach(async () => {
    await client.end();
    await database.drop();
  });

  async function table(): Promise<Map<string, Row>> {
    const { rows } = await client.query<{ row: Row }>('select to_jsonb(customers) as row from customers order by id');
    return new Map(rows.map(({ row }) => [String(row['id']), row]));
  }

  it('are as many as asked for, with thirteen columns, and different from one another', async () => {
    assert.equal(await seedCustomers(client, 2000), 2000);
    const customers = [...(await table()).values()];
    assert.equal(Object.keys(customers[0] ?? {}).length, 13);
    assert.equal(new Set(customers.map((customer) => customer['email'])).size, 2000);
    for (const customer of customers) assert.match(String(customer['email']), /^[a-z]+\.[a-z]+\d+@[a-z]+-[a-z]+\.example$/);
    assert.deepEqual(new Set(customers.map((customer) => customer['plan'])), new Set(['free', 'team', 'business', 'enterprise']));
    for (const column of ['company', 'tags']) assert.ok(customers.some((customer) => customer[column] === null), `some have no ${column}`);
  });

  it('are the same whenever they are made', async () => {
    await seedCustomers(client, 500);
    const first = await table();
    await client.query(`set time zone 'Asia/Tokyo'; drop table customers cascade`);
    await seedCustomers(client, 500);
    await client.query('set time zone UTC');
    assert.deepEqual(await table(), new Map(first));
  });

  it('are left alone by a second seeding', async () => {
    await seedCustomers(client, 10);
    await client.query('delete from customers where id = 3');
    assert.equal(await seedCustomers(client, 100), 9);
  });

  it('change exactly where the answer says so', async () => {
    await seedCustomers(client, 1000);
    const before = await table();
    const changes = await changeCustomers(client, { update: 100, add: 20, remove: 30 });
    const after = await table();

    assert.deepEqual([changes.updated.length, changes.added.length, changes.removed.length], [100, 20, 30]);
    const differing = [...before].filter(([id, row]) => after.has(id) && JSON.stringify(after.get(id)) !== JSON.stringify(row)).map(([id]) => id);
    assert.deepEqual(changes.updated, differing);
    assert.deepEqual(changes.added, [...after.keys()].filter((id) => !before.has(id)));
    assert.deepEqual(changes.removed, [...before.keys()].filter((id) => !after.has(id)));
  });

  it('show a change in updated_at, later than any before', async () => {
    await seedCustomers(client, 100);
    const latest = async () => (await client.query<{ at: Date }>('select max(updated_at) as at from customers')).rows[0]?.at ?? new Date(NaN);
    const seeded = await latest();
    const { updated, added } = await changeCustomers(client, { update: 5, add: 5, remove: 0 });
    const { rows } = await client.query<{ id: string }>('select id from customers where updated_at > $1 order by id', [seeded]);
    assert.deepEqual(rows.map(({ id }) => id), [...updated, ...added]);
  });

  it('change elsewhere with each call, and the same way from the same table', async () => {
    await seedCustomers(client, 1000);
    const request = { update: 10, add: 2, remove: 3 };
    const rounds = [await changeCustomers(client, request), await changeCustomers(client, request)];
    const end = await table();
    assert.notDeepEqual(rounds[0]?.updated, rounds[1]?.updated);

    await client.query('drop table customers cascade');
    await seedCustomers(client, 1000);
    assert.deepEqual([await changeCustomers(client, request), await changeCustomers(client, request)], rounds);
    assert.deepEqual(await table(), end);
  });

  it('can all be removed, and come back', async () => {
    await seedCustomers(client, 5);
    const all = await changeCustomers(client, { update: 2, add: 0, remove: 10 });
    assert.deepEqual([all.updated.length, all.removed.length], [2, 3]);
    assert.equal((await changeCustomers(client, { update: 0, add: 0, remove: 2 })).removed.length, 2);
    assert.equal((await changeCustomers(client, { update: 1, add: 3, remove: 0 })).added.length, 3);
  });
});
