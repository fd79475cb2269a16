import assert from 'node:assert/strict';
import { createRig, modelState, receivedState, subscribeTo, type Rig } from '../support/sluice.js';

describe('a subscription that can\'t be synced as it is', () => {
  let rig: Rig;
  before(async () => {
    rig = await createRig();
    await rig.startWorker();
  });
  after(() => rig.stop());

  const wrongModels: Record<string, { readonly query?: string; readonly identifier?: string; readonly error: RegExp }> = {
    'whose identifier column is missing': { identifier: 'uid', error: /^model "people": the identifier column "uid" is not among its columns \(id, name, score, born, tags\)$/ },
    'whose SQL doesn\'t parse': { query: 'select *\nfro people_1', error: /^warehouse "warehouse" answered 42601: syntax error at or near "fro", at line 2, column 1 of the query/ },
    'whose SQL ends too early': { query: 'select (1', error: /^warehouse "warehouse" answered 42601: syntax error .*, at the end of the query/ },
    'whose table is not there': { query: 'select * from missing', error: /^warehouse "warehouse" answered 42P01: relation "missing" does not exist/ },
    'that has two columns of one name': { query: 'select id, name, name from people_1', error: /^model "people": two columns are named "name"; give one of them an alias$/ },
    'that fails on a value': { query: 'select id, (name || id)::int from people_1', error: /^warehouse "warehouse" answered 22P02: a value cannot be read as the type/ },
  };
  it('fails with what is wrong with its model, and changes nothing', async () => {
    const people = await rig.subscribe(5);
    await people.sync();
    const { model } = people.subscription;
    const state = async (): Promise<unknown> => (await rig.database.query(`SELECT * FROM __segment_reverse_etl.records_${people.id} ORDER BY 1`)).rows;
    const before = await state();
    for (const [what, { error, ...wrong }] of Object.entries(wrongModels)) {
      const result = await (await subscribeTo(rig, { ...people.subscription, model: { ...model, ...wrong } })).sync();
      assert.equal(result.status, 'failed', what);
      assert.match(result.error ?? '', error, what);
      assert.deepEqual(result.extracted, { added: 0, updated: 0, deleted: 0, rejected: 0 }, what);
    }
    assert.deepEqual(await state(), before);
    assert.equal(rig.receiver.requests.length, 1);
    const mended = await (await subscribeTo(rig, people.subscription)).sync();
    assert.deepEqual([mended.status, mended.processed], ['succeeded', 0]);
  });

  it('fails when its records were delivered to another destination, and says what to do', async () => {
    const people = await rig.subscribe(5);
    await people.sync();
    await rig.database.query(`UPDATE __segment_reverse_etl.state_${people.id} SET destination_identity = 'another'`);
    const { status, error } = await people.sync();
    assert.equal(status, 'failed');
    assert.match(error ?? '', new RegExp(`is not the one that its records were delivered to: run \`sluice reset ${people.id}\``));
  });
});

describe('a subscription that names what the worker lacks', () => {
  let rig: Rig;
  before(async () => (rig = await createRig()));
  after(() => rig.stop());

  it('fails with exactly that sentence, and works once a worker has it', async () => {
    const people = await rig.subscribe(5, { id: 'people_to_crm' });
    const lacking = await rig.startWorker({ ...rig.configuration, destinations: {} });
    const { status, error } = await people.sync();
    assert.deepEqual([status, error], ['failed', `subscription "people_to_crm" names destination "crm", which this worker's configuration lacks`]);
    const elsewhere = await rig.subscribe(5, { model: { ...rig.subscription.model, source: 'lake' } });
    assert.equal((await elsewhere.sync()).error, `subscription "${elsewhere.id}" names source "lake", which this worker's configuration lacks`);
    await lacking.stop();
    await rig.startWorker();
    await subscribeTo(rig, people.subscription);
    assert.equal((await people.sync()).succeeded, 5);
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
  });
});
