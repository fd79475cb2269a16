import { z } from 'zod';
import { eventsOf, type StagedBlock, type StagedRecord } from '../domain/staged-record.js';
import { StagingLostError } from '../errors/errors.js';
import { PageReader } from './pages.js';

const eventHead = z.object({ event: z.enum(['new', 'updated', 'deleted']), __segment_id: z.string() });
/** Properties come last in an event; inside a JSON string these characters can't stand, because quotes are escaped there. */
const beforeProperties = ',"properties":';

/**
 * The records of a staged chunk, those of one block together.
 *
 * @throws StagingLostError for anything that is no whole record
 */
export async function* stagedRecords(pieces: AsyncIterable<Buffer>): AsyncGenerator<readonly StagedRecord[], void, undefined> {
  const pages = new PageReader();
  for await (const piece of pieces) {
    for (const block of pages.push(piece)) yield recordsIn(block);
  }
  pages.end();
}

function recordsIn(block: StagedBlock): readonly StagedRecord[] {
  const versions = block.versions.toString('latin1').split('\n');
  return eventsOf(block).map((event, index) => recordOf(versions[index] ?? '', event.toString('utf8')));
}

function recordOf(version: string, event: string): StagedRecord {
  const end = event.indexOf(beforeProperties);
  try {
    if (end === -1) throw new SyntaxError();
    const { event: operation, __segment_id: recordId } = eventHead.parse(JSON.parse(`${event.slice(0, end)}}`));
    return { recordId, operation, version, properties: event.slice(end + beforeProperties.length, -1) };
  } catch {
    // The cause is dropped: its message would quote the record.
    throw new StagingLostError('a staged chunk holds what is no record');
  }
}
