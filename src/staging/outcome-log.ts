import { z } from 'zod';
import { StagingLostError } from '../errors/errors.js';
import type { OutcomeEntry } from './staging.js';

const count = z.int().nonnegative();
const outcomeEntry = z.object({
  upTo: count,
  batchSize: count,
  failed: z.array(z.object({ line: count, outcome: z.enum(['failed', 'ambiguous', 'not_sent']), reason: z.string(), code: z.string().exactOptional() })),
});

/** @throws StagingLostError when an entry is broken or stands where it can't, named by `what` */
export function parseEntries(texts: readonly string[], what: string): readonly OutcomeEntry[] {
  const entries = texts.map((text) => parseEntry(text, what));
  if (entries.some((entry, index) => entry.upTo < (entries[index - 1]?.upTo ?? 0))) throw damagedLog(what);
  return entries;
}

function parseEntry(text: string, what: string): OutcomeEntry {
  try {
    return outcomeEntry.parse(JSON.parse(text));
  } catch {
    // The cause is dropped: its message would quote the entry.
    throw damagedLog(what);
  }
}

export function damagedLog(what: string): StagingLostError {
  return new StagingLostError(`the outcome log of ${what} is damaged; what it accounted for counts as sent without an answer`);
}
