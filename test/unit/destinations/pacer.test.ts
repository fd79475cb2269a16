import assert from 'node:assert/strict';
import { createPacer } from '../../../src/destinations/pacer.js';

const never = new AbortController().signal;

describe('a pacer', () => {
  it('lets no more records leave in any time than the rate allows, however many loads share it', async () => {
    const pacer = createPacer({ records: 100, perMs: 50 });
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 5 }, () => pacer.take(100, never)));
    assert.ok(performance.now() - startedAt >= 4 * 50 - 2, 'the fifth batch leaves after four periods');
  });

  it('ends a wait when the load is stopped', async () => {
    const pacer = createPacer({ records: 1, perMs: 60_000 });
    await pacer.take(1, never);
    await assert.rejects(pacer.take(1, AbortSignal.timeout(10)), { name: 'AbortError' });
  });

  it('without a limit never waits', async () => {
    await createPacer(null).take(1_000_000, never);
  });
});
