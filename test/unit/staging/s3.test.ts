import assert from 'node:assert/strict';
import { StagingLostError, StagingUnavailableError } from '../../../src/errors/errors.js';
import { createS3Files } from '../../../src/staging/s3.js';
import { createStaging } from '../../../src/staging/store.js';
import type { OutcomeEntry } from '../../../src/staging/staging.js';
import { TestBucket } from '../../support/s3.js';
import { appendOutcome } from '../../support/outcomes.js';

const place = { subscriptionId: 'customers_to_crm', syncNumber: 7, chunk: 12 };
const entry = (upTo: number): OutcomeEntry => ({ upTo, batchSize: 500, failed: [] });

describe('staging on S3', () => {
  let bucket: TestBucket;
  beforeEach(async () => {
    bucket = await TestBucket.make();
  });
  afterEach(() => bucket.close());

  const store = (changes: Partial<TestBucket['location']> = {}) => createStaging(createS3Files({ ...bucket.location, ...changes }), null);

  it('has no room for outcomes while the bucket refuses to be written to', async () => {
    const log = await store().openOutcomes(place);
    await bucket.refuse(403, 'AccessDenied');
    await assert.rejects(async () => log.makeRoom(500), StagingUnavailableError);
    await bucket.refuse(403, 'AccessDenied', 0);
    await log.makeRoom(500);
    await log.append(entry(500));
    assert.deepEqual(await store().readOutcomes(place), [entry(500)]);
  });

  it('takes an entry for written whose answer was lost', async () => {
    const writer = store();
    await appendOutcome(writer, place, entry(500));
    // As the client sends the request again, when it got no answer to the first.
    const [key = ''] = await bucket.keys();
    const body = await bucket.get(key);
    assert(body);
    await bucket.put(key.replace(/0$/, '1'), Buffer.from(body.toString().replace('500', '900')));
    await appendOutcome(writer, place, entry(900));
    assert.deepEqual(await store().readOutcomes(place), [entry(500), entry(900)]);
  });

  it('takes a log that lacks an entry for lost', async () => {
    for (const upTo of [500, 1000, 1500]) await appendOutcome(store(), place, entry(upTo));
    const [, second = ''] = await bucket.keys();
    await bucket.remove(second);
    await assert.rejects(store().readOutcomes(place), StagingLostError);
  });

  it('reads logs that take several lists', async () => {
    const writer = store();
    const entries = Array.from({ length: 45 }, (_, index) => entry(index + 1));
    for (const one of entries) await appendOutcome(writer, place, one);
    assert.deepEqual(await store().readOutcomes(place), entries);
  });

  it('holds no more of many open chunks in memory than of few', async () => {
    const staging = store();
    const writers = await Promise.all(Array.from({ length: 64 }, (_, chunk) => staging.createChunk({ ...place, chunk }, 'a1')));
    const line = Buffer.from(`{"text":"${'x'.repeat(1024 * 1024)}"}\n`);
    for (const writer of writers) await writer.write([line]);
    await Promise.all(writers.map((writer) => writer.finish()));
    assert.equal((await bucket.keys()).length, 64 * 2, 'each had to write a part of its own, and a list');
    const few = await staging.createChunk(place, 'a2');
    for (let written = 0; written < 3; written++) await few.write([line]);
    await few.finish();
    assert.equal((await bucket.keys()).length, 64 * 2 + 2, 'one alone collects its lines');
  });

  it('is unavailable, and says what to do, when the store refuses', async () => {
    await bucket.refuse(403, 'AccessDenied');
    await assert.rejects(store().readOutcomes(place), (error) => error instanceof StagingUnavailableError && error.message.includes('access is denied; let the credentials'));
  });

  it('is unavailable, and says what to do, when there is no such bucket, or nobody answers', async () => {
    const says = (words: string) => (error: unknown) => error instanceof StagingUnavailableError && error.message.includes(words);
    await assert.rejects(store({ bucket: 'another' }).readOutcomes(place), says('there is no such bucket'));
    await assert.rejects(store({ endpoint: 'http://127.0.0.1:9' }).readOutcomes(place), says('the store does not answer (ECONNREFUSED'));
  });

  it('gets over an answer that asks it to slow down', async () => {
    await bucket.refuse(503, 'SlowDown', 2);
    assert.deepEqual(await store().readOutcomes(place), []);
  });
});
