import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { WarehouseUnavailableError } from '../../../../src/errors/errors.js';
import { stageName } from '../../../../src/warehouses/snowflake/names.js';
import { unloadStatement } from '../../../../src/warehouses/snowflake/unload.js';
import { readUnloaded } from '../../../../src/warehouses/snowflake/unloaded-files.js';
import { UnloadedRows, UnreadableFileError } from '../../../../src/warehouses/snowflake/unloaded-rows.js';
import { startOfEvent } from '../../../../src/domain/staged-record.js';
import type { DeltaBlock } from '../../../../src/warehouses/warehouse.js';
import { TestBucket } from '../../../support/s3.js';
import { kept } from '../../../support/staged-bytes.js';

const awkward: readonly string[] = ['', 'quote " and "" two', 'back\\slash \\n', 'line\nfeed\r\nreturn', 'tab\t', ',;\u0001', 'Zoë – 日本語 🦆', '\\N', 'NULL', ' spaces '];
const events = [...awkward, null].map((value) => JSON.stringify({ type: 'track', properties: { value } }));
/** Snowflake writes JSON without raw line breaks; a text that holds one is read all the same. */
const records = [...events.map((event, index) => ({ chunk: index % 3, version: `v${index}`, event })), { chunk: 2, version: '', event: '{"raw":"\n"}' }];

/** As COPY INTO writes them in the format of unload.ts. */
function csv(some: typeof records): Buffer {
  return Buffer.from(some.map(({ chunk, version, event }) => `"${`${chunk}\t${version}${event}`.replaceAll('"', '""')}"\n`).join(''));
}

function recordsOf(blocks: readonly DeltaBlock[]): unknown[] {
  return blocks.flatMap(({ chunk, events: bytes, ends, versions }) => {
    const texts = versions.toString().split('\n');
    return [...ends].map((end, index) => ({ chunk, version: texts[index], event: bytes.subarray(startOfEvent(ends, index) + 1, end).toString() }));
  });
}

const byEvent = (some: readonly unknown[]): unknown[] => some.map((record) => JSON.stringify(record)).sort();
const readIn = (pieces: readonly Buffer[]): DeltaBlock[] => {
  const rows = new UnloadedRows({ chunks: 3, batchSize: 2 });
  const blocks: DeltaBlock[] = [];
  for (const piece of pieces) for (const block of rows.push(piece)) blocks.push(...kept(block));
  for (const rest of [rows.endFile(), rows.end()]) for (const block of rest) blocks.push(...kept(block));
  return blocks;
};
async function read(bucket: TestBucket): Promise<DeltaBlock[]> {
  const blocks: DeltaBlock[] = [];
  for await (const block of readUnloaded(bucket, 'sync/', { chunks: 3, batchSize: 2 })) blocks.push(...kept(block));
  return blocks;
}

describe('unloading from Snowflake', () => {
  it('is one statement, with quoted names, a format of its own and files that a repeated unload takes back', () => {
    assert.equal(
      unloadStatement('analytics.PUBLIC."the stage"', '0123/people_to_crm/ff/', 'SELECT 1 AS "record"'),
      `COPY INTO @"ANALYTICS"."PUBLIC"."the stage"/0123/people_to_crm/ff/ FROM (SELECT 1 AS "record") FILE_FORMAT = (TYPE = CSV COMPRESSION = GZIP RECORD_DELIMITER = '\\n' ` +
        `FIELD_OPTIONALLY_ENCLOSED_BY = '"' ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE) HEADER = FALSE SINGLE = FALSE MAX_FILE_SIZE = 16777216 INCLUDE_QUERY_ID = TRUE`,
    );
    assert.equal(stageName('"a.b"."c""d".e'), '"a.b"."c""d"."E"');
  });

  it('gives every record as it was, wherever the bytes are cut', () => {
    const bytes = csv(records);
    for (const size of [1, 2, 3, 7, 64, bytes.length]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
      assert.deepEqual(byEvent(recordsOf(readIn(pieces))), byEvent(records), `pieces of ${size}`);
    }
    assert.deepEqual(byEvent(recordsOf(readIn([bytes.subarray(0, -1)]))), byEvent(records), 'without the last line feed');
  });

  it('refuses what is no file of one quoted column: nothing of it is taken for a record', () => {
    for (const text of ['1\tv{}\n', '\\N\n', '\n', '"1\tv{}","2"\n', '"1\tv{}"x\n', '"no chunk"\n', '"\tv{}"\n', '"1\tv{']) {
      assert.throws(() => readIn([Buffer.from(text)]), UnreadableFileError, JSON.stringify(text));
    }
  });

  describe('into files', function () {
    this.timeout(60_000);
    let bucket: TestBucket;
    beforeEach(async () => (bucket = await TestBucket.make('unloads')));
    afterEach(() => bucket.close());

    it('reads all of a folder, however many and large, and nothing beside it', async () => {
      const many = Array.from({ length: 60_000 }, (_, index) => ({ chunk: index % 5, version: String(index), event: JSON.stringify({ index, noise: randomBytes(75).toString('base64') }) }));
      const large = gzipSync(csv(many), { level: 1 });
      assert(large.length > 4 * 1024 * 1024, 'it takes more than one request');
      await bucket.put('sync/data_0_0_0.csv.gz', large);
      for (const [index, record] of records.entries()) await bucket.put(`sync/data_0_1_${index}.csv.gz`, gzipSync(csv([record])));
      await bucket.put('sync/data_0_2_0.csv.gz', gzipSync(csv([])));
      await bucket.put('sync-of-another/data_0_0_0.csv.gz', gzipSync(csv(records)));
      assert.deepEqual(byEvent(recordsOf(await read(bucket))), byEvent([...many, ...records]));
    });

    it('says which file is damaged, and gives none of its values away', async () => {
      const whole = gzipSync(csv(records));
      const flipped = Buffer.from(whole);
      flipped[whole.length - 6] = (flipped.at(-6) ?? 0) ^ 1; // in the checksum
      const damages = [whole.subarray(0, -12), flipped, gunzipSync(whole), Buffer.from('{"a":1}\n'), gzipSync(csv(records).subarray(0, -3)), gzipSync('1,2\n')];
      for (const damaged of damages) {
        await bucket.put('sync/data_7.csv.gz', damaged);
        await assert.rejects(read(bucket), (error) => error instanceof WarehouseUnavailableError && error.message.includes('sync/data_7.csv.gz is damaged') && !error.message.includes('Zoë'));
      }
    });
  });
});
