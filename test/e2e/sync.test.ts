import assert from 'node:assert/strict';
import { createRig, modelState, receivedState, type Rig, type Subscribed } from '../support/sluice.js';

describe('a sync', () => {
  let rig: Rig;
  let people: Subscribed;
  before(async () => {
    rig = await createRig();
    await rig.startWorker();
    people = await rig.subscribe(500);
  });
  after(() => rig.stop());

  const books = (counts: { added?: number; updated?: number; deleted?: number }, succeeded: number): unknown => {
    const extracted = { added: 0, updated: 0, deleted: 0, rejected: 0, ...counts };
    return { extracted, processed: succeeded, succeeded, failed: 0, ambiguous: 0, notSent: 0, excluded: 0, moreToExtract: false, resentForColumns: 0, replayOf: null, superseded: 0, error: null, status: 'succeeded', trigger: 'manual' };
  };
  const assertReceiverEqualsTable = async (): Promise<void> => assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));

  it('sends every record as new the first time', async () => {
    const { syncId, subscriptionId, startedAt, finishedAt, ...rest } = await people.sync();
    assert.deepEqual([syncId, subscriptionId], ['people_1-1', 'people_1']);
    assert.ok(Date.parse(startedAt) <= Date.parse(finishedAt));
    assert.deepEqual(rest, books({ added: 500 }, 500));
    assert.deepEqual(rig.receiver.taken, { new: 500, updated: 0, deleted: 0, other: 0, repeated: 0 });
    await assertReceiverEqualsTable();
  });

  it('sends nothing when the model did not change', async () => {
    const requests = rig.receiver.requests.length;
    const result = await people.sync();
    assert.deepEqual(result, { ...result, ...(books({}, 0) as object) });
    assert.equal(rig.receiver.requests.length, requests);
  });

  it('sends exactly what changed: updated, new and deleted records, and nothing else', async () => {
    await rig.database.query(`
      UPDATE ${people.table} SET name = name || '!' WHERE id <= 3;
      UPDATE ${people.table} SET tags = NULL WHERE id = 4;
      DELETE FROM ${people.table} WHERE id IN (5, 6);
      INSERT INTO ${people.table} (id, name) VALUES (501, 'person 501')`);
    const before = { ...rig.receiver.taken };
    const result = await people.sync();
    assert.deepEqual(result, { ...result, ...(books({ added: 1, updated: 4, deleted: 2 }, 7) as object) });
    assert.deepEqual(rig.receiver.taken, { ...before, new: before.new + 1, updated: 4, deleted: 2 });
    await assertReceiverEqualsTable();
  });

  it('sends a deletion with every column of the model null', async () => {
    const deletions: unknown[] = [];
    rig.receiver.refuseRecord = (record) => {
      deletions.push(record);
      return null;
    };
    await rig.database.query(`DELETE FROM ${people.table} WHERE id = 7`);
    const { syncId } = await people.sync();
    const properties = { id: null, name: null, score: null, born: null, tags: null };
    assert.deepEqual(deletions, [{ type: 'track', event: 'deleted', messageId: `${syncId ?? ''}-7`, __segment_id: '7', properties }]);
  });

  it('sends a record that came back as new', async () => {
    await rig.database.query(`INSERT INTO ${people.table} (id, name) VALUES (7, 'person 7')`);
    const result = await people.sync();
    assert.deepEqual(result.extracted, { added: 1, updated: 0, deleted: 0, rejected: 0 });
    assert.equal(rig.receiver.state.get('7')?.event, 'new');
  });

  it('tells null from an empty string, and values that a concatenation would confuse', async () => {
    await rig.database.query(`UPDATE ${people.table} SET name = '' WHERE id = 501; UPDATE ${people.table} SET name = NULL WHERE id = 7`);
    await people.sync();
    await rig.database.query(`UPDATE ${people.table} SET name = NULL WHERE id = 501; UPDATE ${people.table} SET name = '' WHERE id = 7`);
    assert.equal((await people.sync()).extracted.updated, 2);
    await assertReceiverEqualsTable();
  });

  it('keeps its state in the tables of the source document, with their columns', async () => {
    const columns = await rig.database.query<{ table_name: string; columns: string[] }>(`
      SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) AS columns FROM information_schema.columns
      WHERE table_schema = '__segment_reverse_etl' AND table_name IN ('records_${people.id}', 'checkpoints_${people.id}') GROUP BY 1 ORDER BY 1`);
    assert.deepEqual(columns.rows, [
      { table_name: `checkpoints_${people.id}`, columns: ['source_id', 'model_id', 'checkpoint'] },
      { table_name: `records_${people.id}`, columns: ['record_id', 'checksum'] },
    ]);
    const records = await rig.database.query<{ record_id: string }>(`SELECT record_id FROM __segment_reverse_etl.records_${people.id} ORDER BY record_id::bigint`);
    assert.deepEqual(records.rows.map((row) => row.record_id), [...(await modelState(rig.database, people.table)).keys()]);
  });

  it('leaves nothing behind but the state tables', async () => {
    const tables = await rig.database.query(
      `SELECT table_name FROM information_schema.tables WHERE table_schema = '__segment_reverse_etl' AND table_name !~ '^[a-z]+_${people.id}$'`,
    );
    assert.deepEqual(tables.rows, []);
  });

  it('closes its books in its row of the syncs table', async () => {
    const open = await rig.database.query(`
      SELECT number FROM __segment_reverse_etl.syncs_${people.id}
      WHERE finished_at IS NULL OR added + updated + deleted <> succeeded + failed + not_sent + excluded OR processed <> succeeded + failed`);
    assert.deepEqual(open.rows, []);
    const numbers = await rig.database.query<{ number: string }>(`SELECT number FROM __segment_reverse_etl.syncs_${people.id} ORDER BY number`);
    assert.deepEqual(numbers.rows.map((row) => Number(row.number)), [1, 2, 3, 4, 5, 6, 7]);
  });

  it('is a workflow of its own, whose result is the sync\'s', async () => {
    const result: unknown = await rig.temporal.workflow.getHandle('sync/people_1/3').result();
    assert.deepEqual((result as { extracted: unknown }).extracted, { added: 1, updated: 4, deleted: 2, rejected: 0 });
  });

  it('keeps numbers exact: what a double can\'t hold arrives as a string', async () => {
    await rig.database.query(`
      CREATE TABLE numbers (id bigint, big bigint, exact numeric(30, 10), small numeric(30, 10), half float8);
      INSERT INTO numbers VALUES
        (9007199254740993, 9223372036854775807, 12345678901234567890.0123456789, 0.5, 0.1),
        (2, -9007199254740991, -0.0000000001, 100, 1e300)`);
    const numbers = await rig.subscribe(0, { model: { ...rig.subscription.model, query: 'select * from numbers order by id' } });
    await numbers.sync();
    assert.deepEqual(rig.receiver.state.get('9007199254740993')?.properties, {
      id: '9007199254740993',
      big: '9223372036854775807',
      exact: '12345678901234567890.0123456789',
      small: 0.5,
      half: 0.1,
    });
    assert.deepEqual(rig.receiver.state.get('2')?.properties, { id: 2, big: -9007199254740991, exact: -1e-10, small: 100, half: 1e300 });
  });
});
