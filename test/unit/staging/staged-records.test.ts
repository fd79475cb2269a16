import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { StagedRecord } from '../../../src/domain/staged-record.js';
import { StagingLostError } from '../../../src/errors/errors.js';
import { stagedRecords } from '../../../src/staging/staged-records.js';
import { inPieces, stagedBytes } from '../../support/staged-bytes.js';

async function collect(pieces: AsyncIterable<Buffer>): Promise<readonly StagedRecord[]> {
  const records: StagedRecord[] = [];
  for await (const some of stagedRecords(pieces)) records.push(...some);
  return records;
}

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constantFrom(',"properties":', '{"event":"new"', '\u2028', '\\","properties":{'));
const record = fc.record({
  recordId: text,
  operation: fc.constantFrom('new', 'updated', 'deleted'),
  version: fc.constantFrom('', '7', '-9223372036854775808', 'a1b2'),
  properties: fc.dictionary(text, text).map((value) => JSON.stringify(value)),
}, { noNullPrototype: true });

describe('the records of a staged chunk', () => {
  it('come back as they were staged, wherever the blocks are cut', async () => {
    const cases = fc.asyncProperty(fc.array(record, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 20 }), fc.integer({ min: 1, max: 500 }), async (records, cuts, pageBytes) => {
      const staged = records.map(({ recordId, operation, version, properties }) => {
        const id = JSON.stringify(recordId);
        return `${version}{"type":"track","event":"${operation}","messageId":${id},"__segment_id":${id},"properties":${properties}}`;
      });
      assert.deepEqual(await collect(inPieces(stagedBytes(staged, pageBytes), cuts)), records);
    });
    await fc.assert(cases, { numRuns: 200 });
  });

  it('are not read from what is no whole record, whose content stays out of the error', async () => {
    const whole = stagedBytes(['7{"event":"new","__segment_id":"secret","properties":{}}']);
    for (const broken of [whole.subarray(0, -1), stagedBytes(['7{"event":"new","__segment_id":"secret"}']), stagedBytes(['7{"event":"gone","__segment_id":"secret","properties":{}}']), Buffer.from('secret')]) {
      await assert.rejects(collect(inPieces(broken, [])), (error) => error instanceof StagingLostError && !error.message.includes('secret'), String(broken));
    }
  });
});
