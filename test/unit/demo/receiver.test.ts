import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { startReceiver, type Receiver, type ReceiverOptions } from '../../../examples/demo/receiver.js';

interface SentEvent {
  readonly event: 'new' | 'updated' | 'deleted';
  readonly __segment_id: string;
  readonly properties: Record<string, unknown>;
}

const ada: SentEvent = { event: 'new', __segment_id: '1', properties: { id: 1, name: 'Ada' } };
const adaRenamed: SentEvent = { event: 'updated', __segment_id: '1', properties: { id: 1, name: 'Adá' } };
const adaGone: SentEvent = { event: 'deleted', __segment_id: '1', properties: { id: null, name: null } };

describe('the demo receiver', () => {
  let folder: string;
  let open: Receiver[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-receiver-'));
    open = [];
  });
  afterEach(async () => {
    await Promise.all(open.map((receiver) => receiver.close()));
    await rm(folder, { recursive: true });
  });

  async function start(options: ReceiverOptions = {}): Promise<Receiver> {
    const receiver = await startReceiver(options);
    open.push(receiver);
    return receiver;
  }

  async function stop(receiver: Receiver): Promise<void> {
    open = open.filter((other) => other !== receiver);
    await receiver.close();
  }

  it('holds the newest version of each record, and no deleted one', async () => {
    const receiver = await start();
    await post(receiver, [ada, { ...ada, __segment_id: '2' }]);
    await post(receiver, [adaRenamed]);
    assert.deepEqual([...receiver.state()], [['1', '{"id":1,"name":"Adá"}'], ['2', '{"id":1,"name":"Ada"}']]);
    await post(receiver, [adaGone]);
    assert.deepEqual([...receiver.state().keys()], ['2']);
    assert.deepEqual(receiver.counts(), { new: 2, updated: 1, deleted: 1, repeated: 0 });
  });

  it('counts a batch that comes a second time as repeated', async () => {
    const receiver = await start();
    for (const batch of [[ada], [ada], [adaGone], [adaGone]]) await post(receiver, batch);
    assert.deepEqual(receiver.counts(), { new: 1, updated: 0, deleted: 1, repeated: 2 });
  });

  it('refuses a deleted record that still has a value, and takes nothing of its batch', async () => {
    const receiver = await start();
    const { status, body } = await post(receiver, [ada, { ...adaGone, properties: { name: 'secret' } }]);
    assert.equal(status, 400);
    assert.match(body, /1\.properties\.name/);
    assert.doesNotMatch(body, /secret/);
    assert.equal(receiver.state().size, 0);
  });

  it('refuses what is no batch of events', async () => {
    const receiver = await start();
    for (const body of ['', '{', '{}', '[1]', '[{"event":"moved","__segment_id":"1","properties":{}}]', '[{"event":"new","__segment_id":7,"properties":{}}]']) {
      assert.equal((await fetch(receiver.url, { method: 'POST', body })).status, 400, body);
    }
    assert.equal((await fetch(receiver.url, { method: 'PUT', body: '[]' })).status, 405);
  });

  it('tells by GET how many records it has', async () => {
    const receiver = await start();
    await post(receiver, [ada]);
    assert.deepEqual(await (await fetch(receiver.url)).json(), { records: 1, events: { new: 1, updated: 0, deleted: 0, repeated: 0 } });
  });

  it('listens on loopback only', async () => {
    assert.equal(new URL((await start()).url).hostname, '127.0.0.1');
  });

  it('finds after a restart what it held, whatever was sent', async () => {
    const event = fc.record({
      event: fc.constantFrom('new' as const, 'updated' as const, 'deleted' as const),
      __segment_id: fc.constantFrom('1', '2', '\u2028'),
      properties: fc.constantFrom({ name: 'a' }, { name: 'b\u2028\n' }),
    });
    const valid = event.map((sent) => (sent.event === 'deleted' ? { ...sent, properties: { name: null } } : sent));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(valid, { maxLength: 4 }), { maxLength: 4 }), async (batches) => {
        const file = join(folder, 'run', 'state.jsonl');
        const first = await start({ file });
        for (const batch of batches) assert.equal((await post(first, batch)).status, 200);
        await stop(first);
        const second = await start({ file });
        assert.deepEqual(new Map(second.state()), new Map(first.state()));
        await stop(second);
        assert.equal((await readFile(file, 'utf8')).split('\n').length - 1, second.state().size, 'outdated lines are gone after a restart');
        await rm(file);
      }),
      { numRuns: 25 },
    );
  });

  it('has a batch in its file before it acknowledges it', async () => {
    const file = join(folder, 'state.jsonl');
    await post(await start({ file }), [ada]);
    assert.equal(await readFile(file, 'utf8'), '["1","{\\"id\\":1,\\"name\\":\\"Ada\\"}"]\n');
  });

  it('starts again from a file whose last line a crash tore, and goes on from there', async () => {
    const file = join(folder, 'state.jsonl');
    const first = await start({ file });
    await post(first, [ada]);
    await stop(first);
    await appendFile(file, '["2","{\\"id');
    const second = await start({ file });
    assert.deepEqual([...second.state().keys()], ['1']);
    await post(second, [{ ...ada, __segment_id: '3' }]);
    await stop(second);
    assert.deepEqual([...(await start({ file })).state().keys()], ['1', '3']);
  });

  it('refuses to start from a file that something else wrote', async () => {
    const file = join(folder, 'state.jsonl');
    await appendFile(file, 'hello\n["1",null]\n');
    await assert.rejects(start({ file }), /state\.jsonl, line 1: not a change of a record/);
  });
});

async function post(receiver: Receiver, events: readonly SentEvent[]): Promise<{ status: number; body: string }> {
  const response = await fetch(receiver.url, { method: 'POST', body: JSON.stringify(events) });
  return { status: response.status, body: await response.text() };
}
