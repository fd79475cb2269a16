import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';
import type { StagedRecord } from '../domain/staged-record.js';
import { StagingLostError } from '../errors/errors.js';

const eventHead = z.object({ event: z.enum(['new', 'updated', 'deleted']), __segment_id: z.string() });
/** Properties come last in an event; inside a JSON string these characters can't stand, because quotes are escaped there. */
const beforeProperties = ',"properties":';

/**
 * The records of a staged chunk, those of one block together.
 *
 * @throws StagingLostError for anything that is no whole record
 */
export async function* stagedRecords(blocks: AsyncIterable<Buffer>): AsyncGenerator<readonly StagedRecord[], void, undefined> {
  const decoder = new StringDecoder('utf8');
  let begun = '';
  for await (const block of blocks) {
    const lines = (begun + decoder.write(block)).split('\n');
    begun = lines.pop() ?? '';
    yield lines.map(parseRecord);
  }
  if (begun !== '') throw new StagingLostError('a staged chunk ends in the middle of a line');
}

function parseRecord(line: string): StagedRecord {
  const start = line.indexOf('{');
  const end = line.indexOf(beforeProperties);
  try {
    if (end === -1) throw new SyntaxError();
    const { event, __segment_id } = eventHead.parse(JSON.parse(`${line.slice(start, end)}}`));
    return { recordId: __segment_id, operation: event, version: line.slice(0, start), properties: line.slice(end + beforeProperties.length, -1) };
  } catch {
    // The cause is dropped: its message would quote the line.
    throw new StagingLostError('a staged chunk holds a line that is no record');
  }
}
