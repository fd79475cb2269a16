import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Destination } from '../../../../src/destinations/destination.js';
import { createFileDestination, PublishError } from '../../../../src/destinations/file/file.js';
import { nameOfPart, partNamed, withoutOverlap } from '../../../../src/destinations/file/s3-parts.js';
import { batchOf, event, events } from '../../../support/events.js';
import { s3FileConfig } from '../../../support/file-destination.js';
import { TestBucket } from '../../../support/s3.js';
import { TcpProxy } from '../../../support/tcp-proxy.js';

const never = new AbortController().signal;
const sync = { subscriptionId: 'customers_to_crm', syncNumber: 1 };

interface Manifest {
  readonly records: number;
  readonly files: readonly { readonly name: string; readonly records: number; readonly bytes: number; readonly sha256: string }[];
}

describe('files on S3 as destination', () => {
  let bucket: TestBucket;
  let destination: Destination;

  beforeEach(async () => {
    bucket = await TestBucket.make();
    destination = createFileDestination('crm', s3FileConfig(bucket, { format: 'jsonl', columns: null, gzip: false }));
  });
  afterEach(async () => {
    await destination.close();
    await bucket.close();
  });

  const deliver = async (staged: readonly Buffer[], firstLine = 0, chunk = 0) => destination.deliver(batchOf(staged, 1, firstLine, { chunk }), never);
  const read = async (name: string) => (await bucket.get(`customers_to_crm/sync-000001/${name}`)) ?? assert.fail(`there is no ${name}`);
  const manifest = async () => JSON.parse(String(await read('manifest.json'))) as Manifest;
  const published = async () => Buffer.concat(await Promise.all((await manifest()).files.map(({ name }) => read(name)))).toString().trimEnd().split('\n');
  const keys = () => bucket.keys('customers_to_crm/sync-000001/');

  it('have a manifest once their sync is over, which fits them', async () => {
    const all = events(30);
    await deliver(all.slice(0, 10));
    await deliver(all.slice(20), 0, 1);
    await deliver(all.slice(10, 20), 10);
    assert(!(await keys()).some((key) => key.endsWith('manifest.json')));
    await destination.publish?.(sync);
    const { records, files } = await manifest();
    assert.deepEqual([records, files.map((file) => file.records)], [30, [10, 10, 10]]);
    for (const { name, bytes, sha256 } of files) assert.deepEqual([bytes, sha256], [(await read(name)).length, createHash('sha256').update(await read(name)).digest('hex')]);
    assert.deepEqual(await published(), all.map(String));
  });

  it('hold each record once when batches come again, also cut to another length, and leave nothing else', async () => {
    const all = events(20);
    await deliver(all.slice(0, 10));
    await deliver(all.slice(0, 10));
    await deliver(all.slice(10, 20), 10); // its answer is lost, and batches are smaller from now on
    await deliver(all.slice(10, 14), 10);
    await deliver(all.slice(14), 14);
    await destination.publish?.(sync);
    assert.deepEqual(await published(), all.map(String));
    assert.equal((await keys()).length, (await manifest()).files.length + 1);
  });

  it('are published once, and take nothing more then', async () => {
    await deliver(events(5));
    await destination.publish?.(sync);
    const first = await manifest();
    await destination.publish?.(sync);
    assert.deepEqual(await manifest(), first);
    const answer = await deliver(events(1));
    assert(answer.kind === 'unauthorized' && answer.reason.includes('/customers_to_crm/sync-000001/ is published already'));
  });

  it('of a sync that sent nothing are none', async () => {
    await destination.publish?.(sync);
    assert.deepEqual(await keys(), []);
  });

  it('may be CSV, each with its header', async () => {
    await destination.close();
    destination = createFileDestination('crm', s3FileConfig(bucket, { format: 'csv', columns: ['__segment_id', 'email'], gzip: false }));
    await deliver([event('1', { email: 'ada@example.com' })]);
    await deliver([event('2', { email: null })], 1);
    await destination.publish?.(sync);
    assert.deepEqual(await Promise.all((await manifest()).files.map(async ({ name }) => String(await read(name)))), ['__segment_id,email\n1,ada@example.com\n', '__segment_id,email\n2,\n']);
  });

  it('whose store took a batch and whose answer was lost say that it may be there, and hold it once', async () => {
    const proxy = await TcpProxy.start(new URL(bucket.location.endpoint ?? '').host);
    const distant = createFileDestination('crm', s3FileConfig(bucket, { format: 'jsonl', columns: null, gzip: false }, `http://${proxy.address}`));
    try {
      proxy.cutAt(2, 'answered'); // the first request asks whether the sync is published
      const answer = await distant.deliver(batchOf(events(3)), never);
      assert(answer.kind === 'unavailable' && answer.sent, JSON.stringify(answer));
      assert.equal((await distant.deliver(batchOf(events(3)), never)).kind, 'delivered');
    } finally {
      await distant.close();
      await proxy.close();
    }
    await destination.publish?.(sync);
    assert.deepEqual(await published(), events(3).map(String));
  });

  it('that cannot be published say where and why, and can be tried again', async () => {
    await deliver(events(1));
    await bucket.refuse(403, 'AccessDenied');
    await assert.rejects(async () => destination.publish?.(sync), (error) => error instanceof PublishError && error.message.includes('access is denied'));
    await bucket.refuse(403, 'AccessDenied', 0);
    await destination.publish?.(sync);
    assert.equal((await manifest()).records, 1);
  });
});

describe('the parts of a chunk', () => {
  it('hold every acknowledged record once, however often batches were cut anew and whichever answers were lost', () => {
    const attempt = fc.record({ batchSize: fc.integer({ min: 1, max: 9 }), acknowledged: fc.integer({ min: 0, max: 4 }), lost: fc.boolean() });
    fc.assert(
      fc.property(fc.array(attempt, { minLength: 1, maxLength: 6 }), fc.uniqueArray(fc.nat(40), { maxLength: 10 }), (attempts, unmappable) => {
        const names = new Set<string>();
        let position = 0;
        const write = (batchSize: number): number => {
          const lines = Array.from({ length: batchSize }, (_, index) => position + index).filter((line) => !unmappable.includes(line));
          if (lines.length > 0) names.add(nameOfPart({ chunk: 0, lines }, '0'.repeat(64), 'jsonl'));
          return position + batchSize;
        };
        for (const { batchSize, acknowledged, lost } of attempts) {
          for (let batch = 0; batch < acknowledged; batch++) position = write(batchSize);
          if (lost) write(batchSize);
        }
        const chosen = withoutOverlap([...names].flatMap((name) => partNamed(name) ?? []));
        const held = chosen.flatMap(({ firstLine, lastLine }) => Array.from({ length: lastLine - firstLine + 1 }, (_, index) => firstLine + index));
        assert.deepEqual(held, [...new Set(held)].sort((one, other) => one - other));
        const wanted = Array.from({ length: position }, (_, line) => line).filter((line) => !unmappable.includes(line));
        assert.deepEqual(wanted.filter((line) => !held.includes(line)), []);
      }),
    );
  });
});
