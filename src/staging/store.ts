import { StagingLostError } from '../errors/errors.js';
import { damagedLog, parseEntries } from './outcome-log.js';
import { checkFileName, hostOfFile, nameOf, syncPath } from './places.js';
import { SealError, Sealer, unseal } from './seal.js';
import type { ChunkPlace, ChunkWriter, OutcomeEntry, StagedFile, StagingFiles, StagingStore } from './staging.js';

/** The most that an entry takes when all of its records failed: a reason has 200 characters of up to three bytes, and sealing makes four bytes of three. */
const outcomeBytes = 1024;
const entryBytes = 1024;

/** A StagingStore on files of any kind. `key`: 32 bytes, with which chunks and outcome logs are encrypted; null: they are not. */
export function createStaging(files: StagingFiles, key: Buffer | null): StagingStore {
  return {
    host: () => files.host(),
    hostOf: hostOfFile,
    createChunk: async (place, attempt) => {
      const writer = await files.createChunk(place, attempt, key !== null);
      return key === null ? writer : new SealedWriter(writer, new Sealer(key, purposeOf(place, 'chunk')));
    },
    readChunk: (place, file) => readChunk(files, key, place, file),
    openOutcomes: async (place) => {
      const log = await files.openLog(place);
      const textOf = (entry: OutcomeEntry): string => (key === null ? JSON.stringify(entry) : sealText(key, purposeOf(place, 'outcomes'), JSON.stringify(entry)));
      return { makeRoom: (records) => log.makeRoom(entryBytes + records * outcomeBytes), append: (entry) => log.append(textOf(entry)), close: () => log.close() };
    },
    readOutcomes: async (place) => {
      const entries = await files.readEntries(place);
      return parseEntries(key === null ? entries : await unsealTexts(key, place, entries), nameOf(place));
    },
    removeSync: (sync) => files.removeSync(sync),
    syncsOlderThan: (ms) => files.syncsOlderThan(ms),
  };
}

class SealedWriter implements ChunkWriter {
  constructor(
    private readonly writer: ChunkWriter,
    private readonly sealer: Sealer,
  ) {}

  async write(parts: readonly Buffer[]): Promise<void> {
    const sealed = parts.map((part) => this.sealer.add(part)).filter(({ length }) => length > 0);
    if (sealed.length > 0) await this.writer.write(sealed);
  }

  async finish(): Promise<StagedFile> {
    await this.writer.write([this.sealer.end()]);
    return this.writer.finish();
  }

  abort(): Promise<void> {
    return this.writer.abort();
  }
}

function readChunk(files: StagingFiles, key: Buffer | null, place: ChunkPlace, file: StagedFile): AsyncIterable<Buffer> {
  const { sealed } = checkFileName(place, file.name);
  if (sealed !== (key !== null)) {
    const how = sealed ? 'encrypted, and this worker has no staging.encryption.key' : 'not encrypted, and this worker takes only what is';
    throw new StagingLostError(`${nameOf(place)} is ${how}; the next sync finds its records again`);
  }
  const pieces = files.readChunk(place, file);
  return key === null ? pieces : inOurWords(nameOf(place), unseal(key, purposeOf(place, 'chunk'), pieces));
}

async function* inOurWords(what: string, plain: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* plain;
  } catch (error) {
    throw error instanceof SealError ? lost(what, error) : error;
  }
}

function sealText(key: Buffer, purpose: string, text: string): string {
  const sealer = new Sealer(key, purpose);
  return Buffer.concat([sealer.add(Buffer.from(text)), sealer.end()]).toString('base64');
}

async function unsealTexts(key: Buffer, place: ChunkPlace, entries: readonly string[]): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const entry of entries) {
    const blocks: Buffer[] = [];
    try {
      for await (const block of unseal(key, purposeOf(place, 'outcomes'), [Buffer.from(entry, 'base64')])) blocks.push(block);
    } catch (error) {
      throw error instanceof SealError && error.why === 'another key' ? lost(`the outcome log of ${nameOf(place)}`, error) : damagedLog(nameOf(place));
    }
    texts.push(Buffer.concat(blocks).toString('utf8'));
  }
  return texts;
}

function lost(what: string, { why }: SealError): StagingLostError {
  const how = why === 'another key' ? 'was encrypted with another key than staging.encryption.key is now' : 'is damaged: it no longer matches its seal';
  return new StagingLostError(`${what} ${how}; the next sync finds its records again`);
}

/** Bytes that were moved to another chunk, or an entry that was passed off as a chunk, can't be opened. */
function purposeOf(place: ChunkPlace, what: 'chunk' | 'outcomes'): string {
  return `${what} ${place.chunk} of ${syncPath(place)}`;
}
