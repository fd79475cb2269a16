/** How one sync's records ended, counted in records. */
export interface Books {
  readonly extracted: Extracted;
  /** Sluice tried to send it: succeeded + failed. */
  readonly processed: number;
  readonly succeeded: number;
  /** Refused by the destination, or sent without an answer (ambiguous). */
  readonly failed: number;
  /** Extracted and never sent: cancelled, or the destination was down. The next sync finds them again. */
  readonly notSent: number;
  /** Left out by the sync mode or taken as baseline: acknowledged without being sent. */
  readonly excluded: number;
}

/** What the diff found. Rejected records stand outside the balance: they were never extracted. */
export interface Extracted {
  readonly added: number;
  readonly updated: number;
  readonly deleted: number;
  readonly rejected: number;
}

/** Invariant 2: extracted = succeeded + failed + not sent + excluded, and processed = succeeded + failed. */
export function booksClose(books: Books): boolean {
  const { added, updated, deleted } = books.extracted;
  const ended = books.succeeded + books.failed + books.notSent + books.excluded;
  return added + updated + deleted === ended && books.processed === books.succeeded + books.failed;
}

export const emptyBooks: Books = {
  extracted: { added: 0, updated: 0, deleted: 0, rejected: 0 },
  processed: 0,
  succeeded: 0,
  failed: 0,
  notSent: 0,
  excluded: 0,
};
