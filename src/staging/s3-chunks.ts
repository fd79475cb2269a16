import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { StagingLostError } from '../errors/errors.js';
import type { Bucket } from '../s3/bucket.js';
import { checkAttempt, checkFileName, chunkStem, nameOf, nameOfFile, syncPath } from './places.js';
import { onBucket } from './s3-errors.js';
import type { ChunkPlace, ChunkWriter, StagedFile } from './staging.js';

const mostPartBytes = 4 * 1024 * 1024;
const leastPartBytes = 64 * 1024;
/** What all chunks that are being written may hold in memory together; as much again may be on its way. */
const bufferedBytes = 64 * 1024 * 1024;

/** A chunk's parts in order, as its list object names them. Each part is an object beside it. */
const partList = z.array(z.object({ name: z.string().regex(/^chunk-\d{6,}\.[A-Za-z0-9_-]{1,100}\.[0-9a-f-]{36}\.\d{6,}$/), sha256: z.string() }));
type Part = z.infer<typeof partList>[number];

/** Shares the room for what is not written yet among all open chunks of a store: a sync has one chunk open for each 250,000 records. */
export class WriteBuffers {
  #open = 0;

  enter(): void {
    this.#open += 1;
  }

  leave(): void {
    this.#open -= 1;
  }

  /** How many bytes a chunk may collect before they leave as a part. */
  get partBytes(): number {
    return Math.max(leastPartBytes, Math.min(mostPartBytes, bufferedBytes / this.#open));
  }
}

/**
 * Writes a chunk as objects of a few MiB and, once all are there, one that lists them. Multipart uploads would do it in one object, but want
 * 5 MiB in memory for each open chunk, and leave parts behind that cost money and no listing shows.
 */
export class S3ChunkWriter implements ChunkWriter {
  readonly #parts: Part[] = [];
  readonly #stem: string;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #sending: Promise<unknown> = Promise.resolve();
  #list: string | null = null;
  #isOpen = true;

  constructor(
    private readonly bucket: Bucket,
    private readonly buffers: WriteBuffers,
    private readonly place: ChunkPlace,
    private readonly attempt: string,
    private readonly sealed: boolean,
  ) {
    this.#stem = `${chunkStem(place.chunk)}.${checkAttempt(attempt)}.${randomUUID()}`;
    this.#keyOf(this.#stem); // an id that is none is refused before anything is written
    buffers.enter();
  }

  async write(parts: readonly Buffer[]): Promise<void> {
    for (const part of parts) {
      this.#pending.push(Buffer.from(part));
      this.#pendingBytes += part.length;
    }
    if (this.#pendingBytes >= this.buffers.partBytes) await this.#sendPart();
  }

  async finish(): Promise<StagedFile> {
    if (this.#pendingBytes > 0) await this.#sendPart();
    await onBucket(() => this.#sending);
    this.#leave();
    const list = Buffer.from(JSON.stringify(this.#parts));
    const sha256 = digestOf(list);
    const { chunk } = this.place;
    this.#list = nameOfFile({ chunk, attempt: this.attempt, sha256, host: null, sealed: this.sealed });
    await onBucket(() => this.bucket.put(this.#keyOf(this.#list ?? ''), list));
    return { name: this.#list, sha256 };
  }

  async abort(): Promise<void> {
    this.#leave();
    await this.#sending.catch(() => undefined);
    const names = [...(this.#list === null ? [] : [this.#list]), ...this.#parts.map(({ name }) => name)];
    for (const name of names) await onBucket(() => this.bucket.remove(this.#keyOf(name)));
  }

  /** One part is on its way while the next one is collected. */
  async #sendPart(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    await onBucket(() => this.#sending);
    const part = { name: `${this.#stem}.${String(this.#parts.length).padStart(6, '0')}`, sha256: digestOf(bytes) };
    this.#parts.push(part);
    this.#sending = this.bucket.put(this.#keyOf(part.name), bytes);
    this.#sending.catch(() => undefined); // told by the next part, or at the end
  }

  #leave(): void {
    if (this.#isOpen) this.buffers.leave();
    this.#isOpen = false;
  }

  #keyOf(name: string): string {
    return `${syncPath(this.place)}/${name}`;
  }
}

/** Checks each part before its first byte is given out, and has the next one under way meanwhile. */
export async function* readChunkObjects(bucket: Bucket, place: ChunkPlace, staged: StagedFile): AsyncGenerator<Buffer, void, undefined> {
  checkFileName(place, staged.name);
  const parts = parsePartList(await readObject(bucket, place, staged), place);
  let next = readAhead(bucket, place, parts[0]);
  for (const index of parts.keys()) {
    const part = await next;
    next = readAhead(bucket, place, parts[index + 1]);
    yield part;
  }
}

async function readAhead(bucket: Bucket, place: ChunkPlace, part: Part | undefined): Promise<Buffer> {
  const reading = part === undefined ? Promise.resolve(Buffer.alloc(0)) : readObject(bucket, place, part);
  reading.catch(() => undefined); // a reader may stop before it gets there
  return reading;
}

async function readObject(bucket: Bucket, place: ChunkPlace, { name, sha256 }: StagedFile): Promise<Buffer> {
  const bytes = await onBucket(() => bucket.get(`${syncPath(place)}/${name}`));
  if (bytes === null) throw new StagingLostError(`${nameOf(place)} is gone from the staging bucket; the next sync finds its records again`);
  if (digestOf(bytes) !== sha256) throw new StagingLostError(`${nameOf(place)} is damaged: it no longer has the digest it was staged with; the next sync finds its records again`);
  return bytes;
}

function parsePartList(bytes: Buffer, place: ChunkPlace): readonly Part[] {
  const parsed = partList.safeParse(JSON.parse(bytes.toString('utf8')));
  if (!parsed.success) throw new StagingLostError(`${nameOf(place)} was not staged by this kind of store`);
  return parsed.data;
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
