import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { StagedRecord } from '../../../src/domain/staged-record.js';
import { StagingLostError } from '../../../src/errors/errors.js';
import { stagedRecords } from '../../../src/staging/staged-records.js';

async function collect(content: Buffer, cuts: readonly number[]): Promise<readonly StagedRecord[]> {
  const places = [0, ...cuts.map((place) => place % (content.length + 1)).sort((a, b) => a - b), content.length];
  async function* blocks(): AsyncGenerator<Buffer> {
    for (const [index, place] of places.entries()) yield content.subarray(place, places[index + 1] ?? content.length);
  }
  const records: StagedRecord[] = [];
  for await (const some of stagedRecords(blocks())) records.push(...some);
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
    const cases = fc.asyncProperty(fc.array(record, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 20 }), async (records, cuts) => {
      const lines = records.map(({ recordId, operation, version, properties }) => {
        const id = JSON.stringify(recordId);
        return `${version}{"type":"track","event":"${operation}","messageId":${id},"__segment_id":${id},"properties":${properties}}\n`;
      });
      assert.deepEqual(await collect(Buffer.from(lines.join('')), cuts), records);
    });
    await fc.assert(cases, { numRuns: 200 });
  });

  it('are not read from what is no whole record, whose content stays out of the error', async () => {
    for (const broken of ['secret', '7{"event":"new","__segment_id":"secret"}\n', '7{"event":"gone","__segment_id":"secret","properties":{}}\n', 'secret\n']) {
      await assert.rejects(collect(Buffer.from(broken), []), (error) => error instanceof StagingLostError && !error.message.includes('secret'), broken);
    }
  });
});
