import assert from 'node:assert/strict';
import { emptyBooks, type Books } from '../../../src/domain/books.js';
import { finalStatus } from '../../../src/domain/sync.js';

const books = (changes: Partial<Books>): Books => ({ ...emptyBooks, ...changes });
const rejecting = books({ succeeded: 1, extracted: { ...emptyBooks.extracted, rejected: 1 } });

describe('a sync', () => {
  it('succeeded when all went through, also when there was nothing or all was excluded', () => {
    for (const one of [emptyBooks, books({ succeeded: 3 }), books({ excluded: 3 })]) assert.equal(finalStatus(one, false, null), 'succeeded');
  });

  it('succeeded partially when something failed, was rejected, was not sent or waits for the next', () => {
    for (const one of [books({ succeeded: 1, failed: 1 }), books({ succeeded: 1, notSent: 1 }), rejecting]) assert.equal(finalStatus(one, false, null), 'partially_succeeded');
    assert.equal(finalStatus(books({ succeeded: 1 }), true, null), 'partially_succeeded');
    assert.equal(finalStatus(emptyBooks, true, null), 'partially_succeeded');
  });

  it('failed when nothing got through of what should have', () => {
    for (const one of [books({ failed: 1 }), books({ notSent: 1 }), books({ failed: 1, excluded: 5 })]) assert.equal(finalStatus(one, false, null), 'failed');
  });

  it('that ended early is judged by that first', () => {
    for (const one of [emptyBooks, books({ succeeded: 1 }), books({ failed: 1 })]) assert.equal(finalStatus(one, false, { kind: 'canceled' }), 'canceled');
    assert.equal(finalStatus(emptyBooks, false, { kind: 'failed', message: 'down' }), 'failed');
    assert.equal(finalStatus(books({ succeeded: 1 }), false, { kind: 'failed', message: 'down' }), 'partially_succeeded');
  });
});
