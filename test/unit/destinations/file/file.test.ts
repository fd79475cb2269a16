import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Destination } from '../../../../src/destinations/destination.js';
import { createFileDestination, PublishError } from '../../../../src/destinations/file/file.js';
import { batchOf, event, events, outsideSync } from '../../../support/events.js';
import { fileConfig } from '../../../support/file-destination.js';
import { temporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

const never = new AbortController().signal;
const sync = { subscriptionId: 'customers_to_crm', syncNumber: 1 };
const columns = ['__segment_id', 'event', 'email', 'tags', 'none'];

describe('files as destination', () => {
  let folder: TemporaryFolder;
  let published: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    published = join(folder.path, 'customers_to_crm', 'sync-000001');
  });
  afterEach(() => folder.remove());

  const lines = (gzip = false) => createFileDestination('crm', fileConfig(folder.path, { format: 'jsonl', columns: null, gzip }));
  const sheets = (gzip = false) => createFileDestination('crm', fileConfig(folder.path, { format: 'csv', columns, gzip }));
  const deliver = async (destination: Destination, staged: readonly Buffer[], firstLine = 0, chunk = 0) => destination.deliver(batchOf(staged, 1, firstLine, { chunk }), never);
  const seen = async () => (await readdir(join(folder.path, 'customers_to_crm'))).filter((name) => !name.startsWith('.'));
  const read = (name: string) => readFile(join(published, name));

  it('show nothing of a sync until it is over, then all of it, with a manifest that fits', async () => {
    const destination = lines();
    const all = events(30);
    await deliver(destination, all.slice(0, 10));
    await deliver(destination, all.slice(20), 0, 1);
    await deliver(destination, all.slice(10, 20), 10);
    assert.deepEqual(await seen(), []);
    await destination.publish?.(sync);
    assert.deepEqual(await readdir(join(folder.path, 'customers_to_crm')), ['sync-000001']);
    assert.equal((await read('part-000000.jsonl')).toString(), all.slice(0, 20).map((line) => `${line.toString()}\n`).join(''));
    const parts = await Promise.all(['part-000000.jsonl', 'part-000001.jsonl'].map(async (name) => [name, await read(name)] as const));
    assert.deepEqual(JSON.parse((await read('manifest.json')).toString()), {
      syncId: 'customers_to_crm-1', ...sync, format: 'jsonl', gzip: false, columns: null, records: 30,
      files: parts.map(([name, bytes], index) => ({ name, records: [20, 10][index], bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })),
    });
  });

  it('hold each record once when batches come again, also cut to another length', async () => {
    const all = events(20);
    await deliver(lines(), all.slice(0, 10));
    await deliver(lines(), all.slice(10, 20), 10); // its answer is lost, and batches are smaller from now on
    await deliver(lines(), all.slice(10, 14), 10);
    await deliver(lines(), all.slice(14), 14);
    await lines().publish?.(sync);
    assert.deepEqual((await read('part-000000.jsonl')).toString().trimEnd().split('\n'), all.map(String));
  });

  it('hold what a batch was when it came, however long writing takes', async () => {
    const batch = batchOf(events(3));
    const delivery = lines().deliver(batch, never);
    batch.json.fill(' ');
    assert.deepEqual(await delivery, { kind: 'delivered' });
    await lines().publish?.(sync);
    assert.equal((await read('part-000000.jsonl')).toString(), events(3).map((line) => `${line.toString()}\n`).join(''));
  });

  it('are published once, whatever publishing was interrupted by', async () => {
    await deliver(lines(), events(5));
    const draft = join(folder.path, 'customers_to_crm', '.sync-000001.draft');
    await mkdir(draft);
    await writeFile(join(draft, 'part-000000.jsonl'), 'half a fi');
    await lines().publish?.(sync);
    const first = await read('manifest.json');
    await lines().publish?.(sync);
    assert.deepEqual(await read('manifest.json'), first);
    assert.equal((JSON.parse(first.toString()) as { records: number }).records, 5);
  });

  it('of a sync that sent nothing are none', async () => {
    await lines().publish?.(sync);
    assert.deepEqual(await readdir(folder.path), []);
  });

  it('take nothing more once their sync is published', async () => {
    await deliver(lines(), events(1));
    await lines().publish?.(sync);
    const answer = await deliver(lines(), events(1));
    assert(answer.kind === 'unauthorized' && answer.reason.includes('sync-000001 is published already'));
  });

  it('may be CSV: null and empty text differ, lists are JSON, and names that the body lacks are the event’s', async () => {
    const records = [
      event('1', { email: 'a "b", c\nd', tags: ['x', 1], none: null, more: 'not asked for' }),
      event('2', { email: '', tags: {}, none: true }, 'updated'),
      event('3', { email: null, tags: null, none: null }, 'deleted'),
    ];
    await deliver(sheets(), records);
    await sheets().publish?.(sync);
    const expected = '__segment_id,event,email,tags,none\n1,new,"a ""b"", c\nd","[""x"",1]",\n2,updated,"",{},true\n3,deleted,,,\n';
    assert.equal((await read('part-000000.csv')).toString(), expected);
  });

  it('may be compressed, and are whole after decompression', async () => {
    await deliver(sheets(true), events(3));
    await deliver(sheets(true), events(2), 3);
    await sheets(true).publish?.(sync);
    const text = gunzipSync(await read('part-000000.csv.gz')).toString();
    assert.deepEqual(text.split('\n').map((line) => line.split(',')[0]), ['__segment_id', '0', '1', '2', '0', '1', '']);
  });

  it('refuse a record that was sent outside a sync', async () => {
    const outside = outsideSync(events(1));
    assert.equal((await lines().deliver(outside, never)).kind, 'refused');
  });

  it('that cannot be published say where and why, and can be tried again', async () => {
    await deliver(lines(), events(1));
    await writeFile(join(folder.path, 'customers_to_crm', '.sync-000002.pieces'), 'no folder');
    const publishing = async () => lines().publish?.({ ...sync, syncNumber: 2 });
    await assert.rejects(publishing, (error) => error instanceof PublishError && error.message.includes(`customers_to_crm-2 cannot be published in ${folder.path} (ENOTDIR: make room`));
    assert.deepEqual(await seen(), []);
  });
});
