import assert from 'node:assert/strict';
import { FencedError, StagingLostError } from '../../src/errors/errors.js';
import type { ChunkPlace, OutcomeEntry, StagedFile, StagingStore } from '../../src/staging/staging.js';
import { appendOutcome } from '../support/outcomes.js';

/** A staging store that can be damaged. */
export interface StagingHarness {
  readonly store: StagingStore;
  /** The same store as another process sees it, and with another key or none where `key` is given. */
  reopen(key?: Buffer | null): StagingStore;
  /** Changes one byte at the end of a finished chunk. */
  damageChunk(place: ChunkPlace, file: StagedFile): Promise<void>;
  removeChunk(place: ChunkPlace, file: StagedFile): Promise<void>;
  /** Whether the former of two writers of a log is told. Where it is not, what it writes is read by nobody. */
  readonly tellsFormerWriter: boolean;
  /** As if the last entry's writer had died in the middle of it, or before it. */
  tearLastOutcome(place: ChunkPlace): Promise<void>;
  damageFirstOutcome(place: ChunkPlace): Promise<void>;
  /** Makes everything of a sync look as if it was last written that long ago. */
  age(place: ChunkPlace, ms: number): Promise<void>;
  /** All that lies in it, as whoever can read the disk or the bucket sees it. */
  everything(): Promise<Buffer>;
  /** How many objects or files there are. */
  count(): Promise<number>;
  close(): Promise<void>;
}

const place: ChunkPlace = { subscriptionId: 'customers_to_crm', syncNumber: 7, chunk: 12 };
const entry = (upTo: number, failed: OutcomeEntry['failed'] = []): OutcomeEntry => ({ upTo, batchSize: 500, failed });

/** The laws of the StagingStore interface. */
export function stagingLaws(name: string, open: () => Promise<StagingHarness>): void {
  describe(`staging store ${name}`, () => {
    let harness: StagingHarness;
    let store: StagingStore;

    beforeEach(async () => {
      harness = await open();
      store = harness.store;
    });
    afterEach(() => harness.close());

    const stage = async (content: readonly string[], where = place, attempt = 'a1') => {
      const writer = await store.createChunk(where, attempt);
      for (const lines of content) await writer.write([Buffer.from(lines)]);
      return writer.finish();
    };
    const read = async (file: StagedFile, where = place, from = store) => {
      const blocks: Buffer[] = [];
      for await (const block of from.readChunk(where, file)) blocks.push(Buffer.from(block));
      return Buffer.concat(blocks).toString('utf8');
    };

    it('gives a chunk back byte by byte', async () => {
      const content = ['{"a":1}\n', '{"b":"Zoë 😀"}\n{"c":2}\n'];
      const file = await stage(content);
      assert.equal(await read(file), content.join(''));
    });

    it('gives a chunk of many blocks back', async () => {
      const lines = Array.from({ length: 40 }, (_, index) => `${JSON.stringify({ index, text: 'x'.repeat(50_000) })}\n`);
      assert.equal(await read(await stage(lines)), lines.join(''));
    });

    it('keeps an empty chunk', async () => {
      assert.equal(await read(await stage([])), '');
    });

    it('keeps the files of two attempts apart', async () => {
      const first = await stage(['{"a":1}\n'], place, 'a1');
      const second = await stage(['{"a":2}\n'], place, 'a2');
      assert.notEqual(first.name, second.name);
      assert.equal(await read(first), '{"a":1}\n');
      assert.equal(await read(second), '{"a":2}\n');
    });

    it('lets two writers of one attempt finish without spoiling each other', async () => {
      const writers = await Promise.all([store.createChunk(place, 'a1'), store.createChunk(place, 'a1')]);
      await Promise.all(writers.map((writer, index) => writer.write([Buffer.from(`{"a":${index}}\n`)])));
      const files = await Promise.all(writers.map((writer) => writer.finish()));
      assert.deepEqual(await Promise.all(files.map((file) => read(file))), ['{"a":0}\n', '{"a":1}\n']);
    });

    it('keeps nothing of an aborted chunk', async () => {
      const writer = await store.createChunk(place, 'a1');
      await writer.write([Buffer.from('{"a":1}\n')]);
      await writer.abort();
      assert.equal(await harness.count(), 0);
    });

    it('keeps nothing of a chunk that is aborted after it was finished', async () => {
      const writer = await store.createChunk(place, 'a1');
      await writer.write([Buffer.from('{"a":1}\n')]);
      await writer.finish();
      await writer.abort();
      assert.equal(await harness.count(), 0);
    });

    it('gives out no byte of a damaged chunk', async () => {
      const file = await stage(['{"a":1}\n'.repeat(100_000)]);
      await harness.damageChunk(place, file);
      const blocks = store.readChunk(place, file)[Symbol.asyncIterator]();
      await assert.rejects(blocks.next(), StagingLostError);
    });

    it('says that a chunk is lost when it is missing', async () => {
      const file = await stage(['{"a":1}\n']);
      await stage(['{"b":1}\n'], { ...place, chunk: 13 });
      await harness.removeChunk(place, file);
      await assert.rejects(read(file), StagingLostError);
    });

    it('takes no file name that leads elsewhere', async () => {
      const file = await stage(['{"a":1}\n']);
      await assert.rejects(read({ ...file, name: `../7/${file.name}` }), StagingLostError);
      await assert.rejects(read({ ...file, name: '../../../etc/passwd' }), StagingLostError);
      await assert.rejects(read(file, { ...place, chunk: 13 }), StagingLostError);
    });

    it('has an empty log for a chunk without outcomes', async () => {
      await stage(['{"a":1}\n']);
      assert.deepEqual(await store.readOutcomes(place), []);
    });

    it('gives outcomes back in the order they were appended, for each chunk its own', async () => {
      await stage(['{"a":1}\n']);
      const entries = [entry(500, [{ line: 3, outcome: 'failed', reason: '422 “no”\n' }, { line: 9, outcome: 'ambiguous', reason: '' }, { line: 10, outcome: 'not_sent', reason: 'down' }]), entry(1000), entry(1000), entry(1020)];
      for (const one of entries) await appendOutcome(store, place, one);
      await appendOutcome(store, { ...place, chunk: 13 }, entry(1));
      assert.deepEqual(await store.readOutcomes(place), entries);
      assert.deepEqual(await store.readOutcomes({ ...place, chunk: 13 }), [entry(1)]);
    });

    it('leaves out an entry whose writer died in the middle of it, and appends after the last whole one', async () => {
      await stage(['{"a":1}\n']);
      await appendOutcome(store, place, entry(500));
      await appendOutcome(store, place, entry(1000));
      await harness.tearLastOutcome(place);
      assert.deepEqual(await store.readOutcomes(place), [entry(500)]);
      await appendOutcome(store, place, entry(700));
      assert.deepEqual(await store.readOutcomes(place), [entry(500), entry(700)]);
    });

    it('shows nothing of the room that a writer keeps for outcomes to come, also when it died', async () => {
      await stage(['{"a":1}\n']);
      const dead = await store.openOutcomes(place);
      await dead.makeRoom(500);
      await dead.append(entry(500));
      await dead.makeRoom(500);
      assert.deepEqual(await store.readOutcomes(place), [entry(500)]);
      const successor = harness.reopen();
      await appendOutcome(successor, place, entry(1000));
      assert.deepEqual(await successor.readOutcomes(place), [entry(500), entry(1000)]);
      await dead.close();
      assert.deepEqual(await successor.readOutcomes(place), [entry(500), entry(1000)]);
    });

    it('lets one of two writers go on with a log, and keeps nothing of what the other writes then', async () => {
      await stage(['{"a":1}\n']);
      const former = await store.openOutcomes(place);
      await former.append(entry(500));
      const successor = await harness.reopen().openOutcomes(place);
      await successor.makeRoom(500);
      await successor.append(entry(700));
      const late = async (): Promise<void> => former.append(entry(1000));
      if (harness.tellsFormerWriter) await assert.rejects(late, FencedError);
      else await late();
      await former.close();
      await successor.append(entry(900));
      await successor.close();
      assert.deepEqual(await store.readOutcomes(place), [entry(500), entry(700), entry(900)]);
    });

    it('takes a log that is damaged before its end for lost', async () => {
      await stage(['{"a":1}\n']);
      await appendOutcome(store, place, entry(500));
      await appendOutcome(store, place, entry(1000));
      await harness.damageFirstOutcome(place);
      await assert.rejects(store.readOutcomes(place), StagingLostError);
    });

    it('removes everything of one sync, and nothing of others', async () => {
      const other = { ...place, syncNumber: 70 };
      const kept = await stage(['{"b":1}\n'], other);
      const others = await harness.count();
      await stage(['{"a":1}\n']);
      await appendOutcome(store, place, entry(1));
      await store.removeSync(place);
      await store.removeSync(place);
      assert.equal(await harness.count(), others);
      assert.equal(await read(kept, other), '{"b":1}\n');
    });

    it('tells which syncs nothing was written to for longer than a time', async () => {
      const old = { ...place, syncNumber: 6 };
      await stage(['{"a":1}\n'], old);
      await harness.age(old, 60_000);
      const revived = { ...place, syncNumber: 8 };
      await stage(['{"a":1}\n'], revived);
      await harness.age(revived, 60_000);
      await appendOutcome(store, revived, entry(1));
      await stage(['{"b":1}\n']);
      assert.deepEqual(await store.syncsOlderThan(30_000), [{ subscriptionId: old.subscriptionId, syncNumber: old.syncNumber }]);
      assert.deepEqual(await store.syncsOlderThan(90_000), []);
    });

    it('has no old syncs before anything was staged', async () => {
      assert.deepEqual(await store.syncsOlderThan(0), []);
    });

    it('is read by another process, which goes on with the log', async () => {
      const file = await stage(['{"a":1}\n']);
      await appendOutcome(store, place, entry(500));
      const successor = harness.reopen();
      assert.equal(await read(file, place, successor), '{"a":1}\n');
      await appendOutcome(successor, place, entry(1000));
      assert.deepEqual(await successor.readOutcomes(place), [entry(500), entry(1000)]);
      assert.equal(await successor.host(), await store.host());
      assert.equal(store.hostOf(file.name), await store.host());
    });

    it('takes no ids that lead elsewhere', async () => {
      await assert.rejects(async () => store.createChunk({ ...place, subscriptionId: '../up' }, 'a1'), RangeError);
      await assert.rejects(async () => store.createChunk({ ...place, chunk: -1 }, 'a1'), RangeError);
      await assert.rejects(async () => store.createChunk(place, 'a/../b'), RangeError);
      await assert.rejects(async () => store.removeSync({ subscriptionId: '..', syncNumber: 1 }), RangeError);
      await assert.rejects(async () => store.removeSync({ ...place, syncNumber: Number.NaN }), RangeError);
    });
  });
}
