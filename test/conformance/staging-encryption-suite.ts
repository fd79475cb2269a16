import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { StagingLostError } from '../../src/errors/errors.js';
import type { ChunkPlace, StagedFile, StagingStore } from '../../src/staging/staging.js';
import type { StagingHarness } from './staging-suite.js';
import { appendOutcome } from '../support/outcomes.js';

const place: ChunkPlace = { subscriptionId: 'customers_to_crm', syncNumber: 7, chunk: 12 };

/** What encryption adds to the laws of a StagingStore. */
export function encryptionLaws(name: string, open: () => Promise<StagingHarness>): void {
  describe(`the encryption of staging store ${name}`, () => {
    let harness: StagingHarness;

    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    const stage = async (where: ChunkPlace = place) => {
      const writer = await harness.store.createChunk(where, 'a1');
      await writer.write([Buffer.from('{"email":"ada@example.com"}\n')]);
      return writer.finish();
    };
    const firstPiece = async (store: StagingStore, file: StagedFile) => store.readChunk(place, file)[Symbol.asyncIterator]().next();
    const says = (words: string) => (error: unknown) => error instanceof StagingLostError && error.message.includes(words);

    it('holds no value in plain sight, neither in chunks nor in logs', async () => {
      await stage();
      await appendOutcome(harness.store, place, { upTo: 1, batchSize: 1, failed: [{ line: 0, outcome: 'failed', reason: 'no ada@example.com here' }] });
      assert(!(await harness.everything()).includes('ada@example.com'));
    });

    it('says so when the key has changed', async () => {
      const file = await stage();
      await appendOutcome(harness.store, place, { upTo: 1, batchSize: 1, failed: [] });
      const other = harness.reopen(randomBytes(32));
      await assert.rejects(firstPiece(other, file), says('was encrypted with another key than staging.encryption.key is now'));
      await assert.rejects(other.readOutcomes(place), says('was encrypted with another key'));
    });

    it('says so when the key has gone', async () => {
      const file = await stage();
      await assert.rejects(firstPiece(harness.reopen(null), file), says('is encrypted, and this worker has no staging.encryption.key'));
    });

    it('takes nothing for encrypted that is not', async () => {
      const writer = await harness.reopen(null).createChunk(place, 'a1');
      await writer.write([Buffer.from('{"a":1}\n')]);
      const file = await writer.finish();
      await assert.rejects(firstPiece(harness.store, file), says('is not encrypted'));
    });
  });
}
