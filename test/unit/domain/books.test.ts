import assert from 'node:assert/strict';
import fc from 'fast-check';
import { booksClose, emptyBooks, type Books } from '../../../src/domain/books.js';

const count = fc.nat(1_000_000);
/** Books that close, however their extracted records are split into operations. */
const closedBooks: fc.Arbitrary<Books> = fc
  .record({ succeeded: count, failed: count, notSent: count, excluded: count, rejected: count, added: count, updated: count })
  .map(({ rejected, added, updated, ...ends }) => {
    const total = ends.succeeded + ends.failed + ends.notSent + ends.excluded;
    const extracted = { added: Math.min(added, total), updated: Math.min(updated, total - Math.min(added, total)), deleted: 0, rejected };
    return { ...ends, extracted: { ...extracted, deleted: total - extracted.added - extracted.updated }, processed: ends.succeeded + ends.failed };
  });

describe('a sync’s books', () => {
  it('close when every extracted record has exactly one end', () => {
    fc.assert(fc.property(closedBooks, (books) => booksClose(books)));
    assert(booksClose(emptyBooks));
  });

  it('stay open when one record more or less is counted anywhere', () => {
    fc.assert(
      fc.property(closedBooks, fc.constantFrom('succeeded', 'failed', 'notSent', 'excluded', 'processed'), fc.constantFrom(1, -1), (books, end, difference) => {
        assert(!booksClose({ ...books, [end]: books[end] + difference }));
      }),
    );
    fc.assert(
      fc.property(closedBooks, fc.constantFrom('added', 'updated', 'deleted'), fc.constantFrom(1, -1), ({ extracted, ...books }, operation, difference) => {
        assert(!booksClose({ ...books, extracted: { ...extracted, [operation]: extracted[operation] + difference } }));
      }),
    );
  });

  it('take no account of rejected records', () => {
    fc.assert(fc.property(closedBooks, count, (books, rejected) => booksClose({ ...books, extracted: { ...books.extracted, rejected } })));
  });
});
