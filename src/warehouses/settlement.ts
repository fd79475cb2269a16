import { booksClose, type Books } from '../domain/books.js';
import { OpenBooksError } from '../errors/errors.js';
import { extractedOf, type SyncColumns } from './sync-row.js';
import type { SyncRef } from './warehouse.js';

/** A failure is retried by this many syncs or for this long, then it expires: not sent again until the model differs from the failed version. */
export const maxAttempts = 5;
export const maxDays = 14;

/** What the chunks of a sync say about it. `doubtful`: started and never finished. */
export interface ChunkSums {
  readonly registered: string | number;
  readonly doubtful: string | number;
  readonly succeeded: string | number;
  readonly failed: string | number;
  readonly not_sent: string | number;
}

/** The books of a sync that was diffed. @throws OpenBooksError while nobody knows how some of its records ended */
export function booksOf(sync: SyncRef, row: SyncColumns, chunks: ChunkSums | undefined): Books {
  if (Number(chunks?.doubtful) > 0) {
    throw new OpenBooksError(`sync ${sync.subscriptionId}-${sync.number} has ${chunks?.doubtful ?? ''} chunks that were started and never finished: nobody knows yet how their records ended`);
  }
  const extracted = extractedOf(row);
  const toSend = Number(row.to_send);
  const succeeded = Number(chunks?.succeeded);
  const failed = Number(chunks?.failed);
  // Before the chunks were registered nothing was sent, and all of it still waits.
  const notSent = Number(chunks?.registered) === 0 ? toSend : Number(chunks?.not_sent);
  return { extracted, processed: succeeded + failed, succeeded, failed, notSent, excluded: extracted.added + extracted.updated + extracted.deleted - toSend };
}

/** The same books; code refuses to settle a sync whose books don't close. */
export function closedBooks(sync: SyncRef, books: Books): Books {
  if (booksClose(books)) return books;
  throw new OpenBooksError(`the books of sync ${sync.subscriptionId}-${sync.number} don't close: ${JSON.stringify(books)}; its state tables stay as they are`);
}
