import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { SealError, Sealer, unseal } from '../../../src/staging/seal.js';

const key = randomBytes(32);
const header = 44;
const block = 64 * 1024 + 16;

describe('a sealed stream', () => {
  const seal = (pieces: readonly Buffer[]): Buffer => {
    const sealer = new Sealer(key, 'a chunk');
    return Buffer.concat([...pieces.map((piece) => sealer.add(piece)), sealer.end()]);
  };
  const open = async (sealed: Iterable<Buffer>, purpose = 'a chunk'): Promise<Buffer> => {
    const plain: Buffer[] = [];
    for await (const bytes of unseal(key, purpose, sealed)) plain.push(bytes);
    return Buffer.concat(plain);
  };
  const cut = (bytes: Buffer, every: number): Buffer[] => Array.from({ length: Math.ceil(bytes.length / every) }, (_, index) => bytes.subarray(index * every, (index + 1) * every));
  const damaged = (error: unknown): boolean => error instanceof SealError && error.why === 'damaged';

  it('gives back what was put in, however it is cut on both sides', async () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(65_535, 65_536, 65_537, 131_072, 200_000)), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 100_000 }), async (pieces, every) => {
        const plain = pieces.map((size) => randomBytes(size));
        const sealed = seal(plain);
        assert((await open(cut(sealed, Math.max(every, Math.ceil(sealed.length / 100))))).equals(Buffer.concat(plain)));
      }),
      { numRuns: 30 },
    );
  });

  it('never looks the same twice', () => {
    assert(!seal([Buffer.from('same')]).subarray(header).equals(seal([Buffer.from('same')]).subarray(header)));
  });

  const four = seal([randomBytes(64 * 1024 * 3 + 5)]);
  const blocks = [four.subarray(0, header), ...cut(four.subarray(header), block)];
  const changed = Buffer.from(four);
  changed.writeUInt8(changed.readUInt8(header + block + 7) ^ 1, header + block + 7);
  const pick = (...indexes: number[]): Buffer[] => indexes.flatMap((index) => blocks[index] ?? []);

  for (const [what, pieces] of [
    ['with one bit changed', [changed]],
    ['that ends after a whole block', pick(0, 1, 2, 3)],
    ['that ends within a block', [four.subarray(0, -1)]],
    ['that ends after its header', pick(0)],
    ['that ends within its header', [four.subarray(0, 20)]],
    ['that is empty', []],
    ['whose blocks were swapped', pick(0, 2, 1, 3, 4)],
    ['that lacks a block', pick(0, 1, 3, 4)],
    ['that has a block twice', pick(0, 1, 1, 2, 3, 4)],
    ['that goes on after its end', pick(0, 1, 2, 3, 4, 4)],
  ] as const) {
    it(`${what} is damaged`, async () => {
      await assert.rejects(open(pieces), damaged);
    });
  }

  it('is opened only for the purpose that it was sealed for', async () => {
    await assert.rejects(open([four], 'another chunk'), damaged);
  });

  it('gives out no byte of a block that is damaged', async () => {
    let plain = 0;
    await assert.rejects(async () => {
      for await (const bytes of unseal(key, 'a chunk', [changed])) plain += bytes.length;
    }, damaged);
    assert.equal(plain, 64 * 1024);
  });
});
