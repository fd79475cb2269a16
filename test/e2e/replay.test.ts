import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import type { SyncResult } from '../../src/client/index.js';
import { createRig, eventually, subscribeTo, type Rig, type Subscribed } from '../support/sluice.js';

describe('a replay', () => {
  let rig: Rig;
  let people: Subscribed;
  before(async () => {
    rig = await createRig({ destination: { batchSize: 20 } });
    await rig.startWorker();
  });
  beforeEach(async () => {
    people = await rig.subscribe(300);
    await people.sync();
    assert.equal(rig.receiver.taken.new, 300);
    forgetWhatArrived();
  });
  after(() => rig.stop());
  afterEach(() => rig.receiver.endScript());

  const requestReplay = async (replay: string | number): Promise<number> => {
    const answer = await rig.client.requestSync(people.id, { replay });
    assert(answer.accepted);
    return answer.request;
  };
  const replay = async (sync: string | number): Promise<SyncResult> => rig.client.waitForSync(people.id, await requestReplay(sync));
  const forgetWhatArrived = (): void => {
    rig.receiver.requests.length = 0;
    rig.receiver.state.clear();
  };
  const folderOf = (sync: number): string => `${rig.folder}/staging/${people.id}/${sync}`;

  it('sends again what is still the acknowledged version, under its own number, and reports the rest', async () => {
    await rig.database.query(`DELETE FROM ${people.table} WHERE id <= 10; UPDATE ${people.table} SET name = 'newer' WHERE id BETWEEN 11 AND 30`);
    await people.sync();
    forgetWhatArrived();
    const result = await replay(`${people.id}-1`);
    assert.deepEqual([result.syncId, result.trigger, result.replayOf, result.status], [`${people.id}-3`, 'replay', `${people.id}-1`, 'succeeded']);
    assert.deepEqual([result.extracted.added, result.processed, result.succeeded, result.superseded], [270, 270, 270, 30]);
    const arrived = [...rig.receiver.state].sort(([one], [other]) => Number(one) - Number(other)).map(([id, { event, messageId }]) => [id, event, messageId]);
    assert.deepEqual(arrived, Array.from({ length: 270 }, (_, index) => [String(index + 31), 'new', `${people.id}-3-${index + 31}`]));
    assert.deepEqual((await rig.client.recentSyncs(people.id))[0], result);
    assert.equal((await people.sync()).processed, 0);
  });

  it('shows in the Web UI as one, and of which sync', async () => {
    await replay(1);
    const { raw } = await rig.temporal.workflow.getHandle(`sync/${people.id}/2`).describe();
    const summary = JSON.parse(Buffer.from(raw.executionConfig?.userMetadata?.summary?.data ?? []).toString()) as string;
    assert.equal(summary, `Sync 2 of ${people.id}: replay of sync 1 to crm`);
  });

  it('maps anew, with the mapping of today', async () => {
    people = await subscribeTo(rig, { ...people.subscription, mapping: { who: { '@path': '$.properties.name' } } });
    assert.equal((await replay(1)).succeeded, 300);
    assert.equal(rig.receiver.taken.other, 300);
  });

  it('goes in its turn between other requests, each of which gets its own sync', async () => {
    await rig.database.query(`UPDATE ${people.table} SET name = 'newer' WHERE id = 1`);
    rig.receiver.next({ kind: 'delay', ms: 1_000 });
    const first = await people.request();
    await eventually('it syncs', async () => (await people.status()).currentSync !== null);
    const requests = [await requestReplay(1), await people.request(), await people.request(), await requestReplay('1')];
    assert.deepEqual(requests, [first + 1, first + 2, first + 3, first + 4]);
    await rig.client.waitForSync(people.id, first + 4);
    const history = await rig.client.recentSyncs(people.id);
    assert.deepEqual(history.map(({ trigger, processed }) => [trigger, processed]), [['replay', 299], ['manual', 0], ['replay', 299], ['manual', 1], ['manual', 300]]);
  });

  it('that is cancelled ends as canceled, with what was acknowledged, and the next sync has nothing to mend', async () => {
    rig.receiver.next({ kind: 'delay', ms: 1_000 }, 100);
    const request = await requestReplay(1);
    await eventually('the first batch has left', () => rig.receiver.requests.length > 0);
    await rig.client.cancelSync(people.id);
    const result = await rig.client.waitForSync(people.id, request);
    assert.equal(result.status, 'canceled');
    assert.equal(result.succeeded + result.failed + result.notSent, 300);
    rig.receiver.endScript();
    assert.equal((await people.sync()).processed, result.failed);
  });

  it('of records that are not staged any more is refused, saying how long they are kept', async () => {
    await rm(folderOf(1), { recursive: true });
    const result = await replay(1);
    assert.deepEqual([result.status, result.processed, rig.receiver.requests.length], ['failed', 0, 0]);
    assert.match(result.error ?? '', /sync people_\d+-1 can't be replayed, and nothing was sent: chunk \d of .* gone.*; what a sync staged is kept for 1 h \(staging\.retain\)/);
  });

  it('of a damaged chunk is refused, and nothing of it is sent', async () => {
    const [file = ''] = (await readdir(folderOf(1))).filter((name) => name.endsWith('.events'));
    await writeFile(`${folderOf(1)}/${file}`, 'damaged\n');
    const result = await replay(1);
    assert.deepEqual([result.status, rig.receiver.requests.length], ['failed', 0]);
    assert.match(result.error ?? '', /can't be replayed, and nothing was sent: chunk \d of .* is damaged/);
    assert.equal((await people.sync()).status, 'succeeded');
  });

  it('by signal with what names no sync of the subscription is refused in its status', async () => {
    await rig.temporal.workflow.getHandle(`sync/${people.id}`).signal('replaySync', 'other-1');
    await eventually('the refusal shows', async () => (await people.status()).lastRefusal?.includes('"other-1" is no sync of subscription') === true);
    await rig.temporal.workflow.getHandle(`sync/${people.id}`).signal('replaySync', 1);
    await eventually('it was replayed', async () => (await people.status()).lastSync?.trigger === 'replay');
    assert.equal((await people.status()).lastRefusal, null);
  });
});
