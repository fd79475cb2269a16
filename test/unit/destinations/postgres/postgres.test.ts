import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { deliverBatch } from '../../../../src/destinations/deliver.js';
import type { DeliveryAnswer, Destination, LentBatch } from '../../../../src/destinations/destination.js';
import { createMapper } from '../../../../src/destinations/mapping.js';
import type { JsonObject } from '../../../../src/domain/subscription.js';
import type { PostgresDestinationConfig } from '../../../../src/destinations/postgres/config.js';
import { createPostgresDestination } from '../../../../src/destinations/postgres/postgres.js';
import { batchOf, event, outsideSync } from '../../../support/events.js';
import { PostgresProxy } from '../../../support/postgres-proxy.js';
import { freshDatabase, type TestDatabase } from '../../../support/postgres.js';
import { tableConfig } from '../../../support/table-destination.js';

const never = new AbortController().signal;

describe('a table as destination', () => {
  let database: TestDatabase;
  let client: pg.Client;
  const opened: Destination[] = [];

  beforeEach(async () => {
    database = await freshDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('CREATE SCHEMA crm; CREATE TABLE crm.customers (id bigint PRIMARY KEY, email text UNIQUE, seats integer, source text DEFAULT \'form\')');
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((destination) => destination.close()));
    await client.end();
    await database.drop();
  });

  function open(changes: Partial<PostgresDestinationConfig> = {}, url = database.url): Destination {
    const destination = createPostgresDestination('crm', tableConfig(url, 'crm.customers', changes));
    opened.push(destination);
    return destination;
  }
  const deliver = (destination: Destination, batch: LentBatch): Promise<DeliveryAnswer> => destination.deliver(batch, never);
  const rows = async (): Promise<unknown[]> => (await client.query({ text: 'SELECT id, email, seats, source FROM crm.customers ORDER BY id', rowMode: 'array' })).rows;
  const person = (id: number, email: string | null, syncNumber = 1) => event(String(id), { id, email }, 'new', syncNumber);

  describe('takes effect exactly once', () => {
    let effects: () => Promise<unknown[]>;

    beforeEach(async () => {
      await client.query(`
        CREATE TABLE crm.effects (id bigint);
        CREATE FUNCTION crm.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO crm.effects VALUES (NEW.id); RETURN NULL; END $$;
        CREATE TRIGGER note AFTER INSERT OR UPDATE ON crm.customers FOR EACH ROW EXECUTE FUNCTION crm.note()`);
      effects = async () => (await client.query<{ id: string }>('SELECT id FROM crm.effects ORDER BY id')).rows.map(({ id }) => Number(id));
    });

    it('when the answer is lost and the batch comes again', async () => {
      const proxy = await PostgresProxy.start(database.url);
      try {
        const destination = open({}, proxy.url);
        proxy.next('lose_answer');
        const outcome = await deliverBatch(destination, batchOf([person(1, 'a'), person(2, 'b')]), { signal: never, beforeAttempt: () => Promise.resolve() });
        assert.deepEqual(outcome.records, [{ kind: 'succeeded' }, { kind: 'succeeded' }]);
        assert.deepEqual(await effects(), [1, 2]);
      } finally {
        await proxy.close();
      }
    });

    it('when another process sends the lines again, cut into other batches', async () => {
      const all = [1, 2, 3, 4, 5].map((id) => person(id, null));
      await deliver(open(), batchOf(all.slice(0, 3)));
      await deliver(open(), batchOf(all.slice(1, 4), 1, 1));
      await deliver(open(), batchOf(all, 1, 0));
      assert.deepEqual(await effects(), [1, 2, 3, 4, 5]);
    });

    it('in each sync anew', async () => {
      const destination = open();
      await deliver(destination, batchOf([person(1, 'a', 1)], 1));
      await deliver(destination, batchOf([person(1, 'b', 2)], 2));
      assert.deepEqual(await effects(), [1, 1]);
    });
  });

  describe('keeps to the order of syncs', () => {
    it('by refusing an older sync once a newer one has written, also in another process', async () => {
      const older = open();
      await deliver(older, batchOf([person(1, 'old', 3)], 3));
      await deliver(open(), batchOf([person(1, 'new', 4)], 4));
      const answers = [await deliver(older, batchOf([person(1, 'old', 3)], 3, 1)), await deliver(open(), batchOf([person(1, 'old', 3)], 3, 2))];
      assert.deepEqual(await rows(), [['1', 'new', null, 'form']]);
      // The one that had the right before learns that something changed, and when it looks again, what.
      const again = await deliver(older, batchOf([person(1, 'old', 3)], 3, 1));
      assert.deepEqual(answers.map(({ kind }) => kind), ['unavailable', 'unauthorized']);
      assert(again.kind === 'unauthorized');
      assert.match(again.reason, /customers_to_crm-3 is older than sync 4/);
    });

    it('by letting a newer sync begin only after the batches of the older one that are under way', async () => {
      const older = open({ timeoutMs: 20_000 });
      await deliver(older, batchOf([person(1, 'old', 1)], 1));
      await client.query('BEGIN; SELECT FROM crm.customers WHERE id = 1 FOR UPDATE');
      const late = deliver(older, batchOf([person(1, 'late', 1)], 1, 1));
      await untilWaiting(client, 1);
      const newer = deliver(open({ timeoutMs: 20_000 }), batchOf([person(1, 'new', 2)], 2));
      await untilWaiting(client, 2);
      await client.query('COMMIT');
      assert.deepEqual(await Promise.all([late, newer]), [{ kind: 'delivered' }, { kind: 'delivered' }]);
      assert.deepEqual(await rows(), [['1', 'new', null, 'form']]);
    });

    it('apart for each subscription', async () => {
      const destination = open();
      await deliver(destination, batchOf([person(1, 'a')], 7));
      const answer = await deliver(destination, batchOf([person(2, 'b')], 1, 0, { subscriptionId: 'others_to_crm' }));
      assert.deepEqual(answer, { kind: 'delivered' });
    });

    it('and remembers nothing of a record that was sent outside a sync', async () => {
      const outside = outsideSync([person(1, 'a')]);
      assert.deepEqual(await deliver(open(), outside), { kind: 'delivered' });
      const found = await client.query(`SELECT to_regclass('crm.sluice_progress') AS made`);
      assert.deepEqual(found.rows, [{ made: null }]);
    });
  });

  describe('writes', () => {
    beforeEach(() => client.query(`INSERT INTO crm.customers VALUES (1, 'first', 5, 'import')`));

    const changes = () => batchOf([event('1', { id: 1, email: 'changed' }, 'updated'), event('2', { id: 2, email: 'second' }, 'updated')]);

    it('rows that are there and rows that are not, and only the columns that a record has', async () => {
      assert.deepEqual(await deliver(open(), changes()), { kind: 'delivered' });
      assert.deepEqual(await rows(), [['1', 'changed', 5, 'import'], ['2', 'second', null, 'form']]);
    });

    it('with `insert` only rows that are not there', async () => {
      assert.deepEqual(await deliver(open({ write: 'insert' }), changes()), { kind: 'delivered' });
      assert.deepEqual(await rows(), [['1', 'first', 5, 'import'], ['2', 'second', null, 'form']]);
    });

    it('with `update` only rows that are there', async () => {
      assert.deepEqual(await deliver(open({ write: 'update' }), changes()), { kind: 'delivered' });
      assert.deepEqual(await rows(), [['1', 'changed', 5, 'import']]);
    });

    it('records of one batch that have different columns, each as it is', async () => {
      const batch = batchOf([event('1', { seats: 6 }), event('2', { email: 'b', seats: null }), event('3', {}), event('4', { seats: 1, email: 'd' })]);
      assert.deepEqual(await deliver(open(), batch), { kind: 'delivered' });
      assert.deepEqual(await rows(), [['1', 'first', 6, 'import'], ['2', 'b', null, 'form'], ['3', null, null, 'form'], ['4', 'd', 1, 'form']]);
    });

    it('what the mapping made, under the record’s own id', async () => {
      const batch = batchOf([event('7', { id: 7, mail: 'x' })], 1, 0, { map: createMapper({ email: { '@path': '$.properties.mail' }, id: 'ignored' }, 'send') });
      assert.deepEqual(await deliver(open(), batch), { kind: 'delivered' });
      assert.deepEqual((await rows()).at(-1), ['7', 'x', null, 'form']);
    });

    it('an unmapped record without its nulls: what it lacks stays as it is', async () => {
      const batch = batchOf([event('1', { email: null, seats: 6 })], 1, 0, { map: createMapper(null, 'omit') });
      assert.deepEqual(await deliver(open(), batch), { kind: 'delivered' });
      assert.deepEqual(await rows(), [['1', 'first', 6, 'import']]);
    });

    it('a unique value that passes from a deleted record to a new one', async () => {
      const batch = batchOf([event('2', { id: 2, email: 'first' }), event('1', { id: null, email: null }, 'deleted')]);
      assert.deepEqual(await deliver(open(), batch), { kind: 'delivered' });
      assert.deepEqual(await rows(), [['2', 'first', null, 'form']]);
    });
  });

  describe('says before the first record', () => {
    const problem = async (changes: Partial<PostgresDestinationConfig>, properties: Record<string, string> = { email: 'a' }): Promise<string> => {
      const answer = await deliver(open(changes), batchOf([event('1', properties)]));
      assert(answer.kind === 'unauthorized', answer.kind);
      assert.deepEqual(await rows(), []);
      return answer.reason;
    };

    it('that the table, its key or a column is missing', async () => {
      assert.equal(await problem({ table: 'crm.nothing' }), "there is no table crm.nothing: create it, or correct the destination's table");
      assert.match(await problem({ key: 'uid' }), /no column "uid" for the record id/);
      assert.match(await problem({}, { email: 'a', plan: 'b', tier: 'c' }), /no column "plan", "tier"/);
    });

    it('that records cannot be told apart, or a column cannot be written', async () => {
      await client.query('CREATE INDEX ON crm.customers (seats); ALTER TABLE crm.customers ADD shown text GENERATED ALWAYS AS (lower(email)) STORED');
      assert.match(await problem({ key: 'seats' }), /column "seats" of table crm.customers has no unique index/);
      assert.match(await problem({}, { shown: 'a' }), /generates "shown"/);
    });

    it('that a column is of a type that takes none of the values', async () => {
      await client.query('ALTER TABLE crm.customers ADD since timestamptz, ADD tags text[], ADD flags jsonb');
      const wrong = async (values: JsonObject): Promise<string> => {
        const answer = await deliver(open(), batchOf(['1', '2', '3'].map((id) => event(id, values))));
        assert(answer.kind === 'unauthorized', answer.kind);
        return answer.reason;
      };
      assert.equal(await wrong({ seats: true }), 'column "seats" of table crm.customers is of type integer, which takes no boolean: correct the subscription\'s mapping, or the column');
      assert.match(await wrong({ seats: 1, since: { at: 1 } }), /"since" .* of type timestamp with time zone, which takes no object/);
      assert.match(await wrong({ tags: 7 }), /"tags" .* of type text\[\], which takes no number/);
      assert.deepEqual(await rows(), []);
      assert.deepEqual(await deliver(open(), batchOf([event('1', { email: true, flags: [1], tags: ['a'], seats: null }), event('2', { email: { a: 1 }, flags: 1, tags: ['a'], seats: '2' })])), { kind: 'delivered' });
    });

    it('but takes a value for a bad row\'s where others fit, or no other is there', async () => {
      const outcome = await deliverBatch(open(), batchOf([event('1', { seats: 1 }), event('2', { seats: true }), event('3', { seats: true })]), { signal: never, beforeAttempt: () => Promise.resolve() });
      assert.deepEqual(outcome.records.map(({ kind }) => kind), ['succeeded', 'failed', 'failed']);
      assert.equal((await deliver(open(), batchOf([event('4', { seats: true })], 2))).kind, 'refused');
    });

    it('that the role may not write, and writes once it may', async () => {
      const role = `reader_${randomBytes(4).toString('hex')}`;
      await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'reader'; GRANT USAGE, CREATE ON SCHEMA crm TO ${role}`);
      const url = new URL(database.url);
      url.username = role;
      url.password = 'reader';
      const destination = open({}, url.href);
      try {
        const answer = await deliver(destination, batchOf([person(1, 'a')]));
        assert(answer.kind === 'unauthorized');
        assert.match(answer.reason, /42501 permission denied for table customers: correct the destination's configuration, or what its role may do/);
        await client.query(`GRANT ALL ON crm.customers TO ${role}`);
        assert.deepEqual(await deliver(destination, batchOf([person(1, 'a')])), { kind: 'delivered' });
      } finally {
        await client.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`);
      }
    });
  });

  describe('tells bad records from a bad day', () => {
    it('by failing exactly the bad ones, each with its column and without its value', async () => {
      await client.query(`INSERT INTO crm.customers VALUES (99, 'taken')`);
      const staged = Array.from({ length: 40 }, (_, id) => person(id, `mail-${id}`));
      staged[5] = event('5', { id: 5, email: null, seats: 'hunter2' });
      staged[6] = event('six', { id: 6, email: null });
      staged[20] = person(20, 'taken');
      const outcome = await deliverBatch(open(), batchOf(staged), { signal: never, beforeAttempt: () => Promise.resolve() });
      const failed = outcome.records.flatMap((end, index) => (end.kind === 'failed' ? [`${index}: ${end.reason}`] : []));
      assert.deepEqual(failed, [
        '5: 22P02 column "seats": invalid input syntax for type integer: "…"',
        '6: 22P02 column "id": invalid input syntax for type bigint: "…"',
        '20: 23505 duplicate key value violates unique constraint "customers_email_key"',
      ]);
      assert.equal((await rows()).length, 38);
    });

    it('by calling a row that someone holds unavailable, and not sent', async () => {
      const destination = open({ timeoutMs: 500 });
      await deliver(destination, batchOf([person(1, 'a')]));
      await client.query('BEGIN; SELECT FROM crm.customers FOR UPDATE');
      const answer = await deliver(destination, batchOf([person(1, 'b')], 2));
      await client.query('ROLLBACK');
      assert(answer.kind === 'unavailable' && !answer.sent);
      assert.deepEqual(await deliver(destination, batchOf([person(1, 'b')], 2)), { kind: 'delivered' });
    });

    it('by calling a server that is not there unavailable, without its credentials', async () => {
      const answer = await deliver(open({}, 'postgres://user:hunter2@127.0.0.1:1/main'), batchOf([person(1, 'a')]));
      assert.deepEqual(answer, { kind: 'unavailable', sent: false, retryAfterMs: null, reason: 'no connection to PostgreSQL (crm.customers) (ECONNREFUSED)' });
    });
  });

  it('is another destination with another table, and the same with another password', () => {
    const identityOf = (url: string, table = 'a.b') => createPostgresDestination('crm', tableConfig(url, table)).identity;
    assert.equal(identityOf('postgres://u:one@host/db'), identityOf('postgres://u:two@host/db'));
    assert.equal(new Set([identityOf('postgres://h/db'), identityOf('postgres://h/other'), identityOf('postgres://h/db', 'a.c')]).size, 3);
  });
});

/** Resolves once that many statements in this database wait for a lock. */
async function untilWaiting(client: pg.Client, count: number): Promise<void> {
  for (;;) {
    await client.query('SELECT pg_stat_clear_snapshot()'); // within a transaction the view would stand still
    const found = await client.query(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    if (found.rows.length >= count) return;
  }
}
