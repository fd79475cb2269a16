import { randomUUID } from 'node:crypto';
import { FencedError } from '../errors/errors.js';
import type { Bucket } from '../s3/bucket.js';
import { damagedLog } from './outcome-log.js';
import { chunkStem, nameOf, syncPath } from './places.js';
import type { ChunkPlace } from './staging.js';

const readsAtOnce = 16;
/** Logs whose length is remembered; of others it is looked up again. */
const remembered = 1_000;

/**
 * Outcome logs where nothing can be appended to: an object for each entry, numbered without gaps, first line the writer, then the entry.
 * Numbers are taken by conditional writes, so that of two writers one goes on and the other is fenced off.
 */
export class S3Log {
  readonly #lengths = new Map<string, number>();
  /** Tells an entry of ours, whose answer was lost, from another writer's. */
  readonly #writer = randomUUID();

  constructor(private readonly bucket: Bucket) {}

  async append(place: ChunkPlace, entry: string): Promise<void> {
    const folder = folderOf(place);
    const number = this.#lengths.get(folder) ?? (await this.#keysIn(place)).length;
    const body = Buffer.from(`${this.#writer}\n${entry}`);
    if (!(await this.bucket.put(keyOf(folder, number), body, { ifAbsent: true }))) {
      const found = await this.bucket.get(keyOf(folder, number));
      if (!found?.equals(body)) throw new FencedError(`the outcome log of ${nameOf(place)} was gone on with by another attempt`);
    }
    this.#remember(folder, number + 1);
  }

  async read(place: ChunkPlace): Promise<readonly string[]> {
    const keys = await this.#keysIn(place);
    const entries: string[] = [];
    for (let start = 0; start < keys.length; start += readsAtOnce) {
      const bodies = await Promise.all(keys.slice(start, start + readsAtOnce).map((key) => this.bucket.get(key)));
      for (const body of bodies) {
        if (body === null) throw damagedLog(nameOf(place));
        entries.push(body.toString('utf8').replace(/^.*\n/, ''));
      }
    }
    return entries;
  }

  /** @throws StagingLostError when an entry is missing before the last */
  async #keysIn(place: ChunkPlace): Promise<readonly string[]> {
    const folder = folderOf(place);
    const keys: string[] = [];
    for await (const { key } of this.bucket.list(folder)) keys.push(key);
    if (keys.some((key, index) => key !== keyOf(folder, index))) throw damagedLog(nameOf(place));
    this.#remember(folder, keys.length);
    return keys;
  }

  #remember(folder: string, length: number): void {
    this.#lengths.delete(folder);
    this.#lengths.set(folder, length);
    const [oldest] = this.#lengths.keys();
    if (this.#lengths.size > remembered && oldest !== undefined) this.#lengths.delete(oldest);
  }
}

function folderOf(place: ChunkPlace): string {
  return `${syncPath(place)}/${chunkStem(place.chunk)}.outcomes/`;
}

function keyOf(folder: string, number: number): string {
  return `${folder}${String(number).padStart(9, '0')}`;
}
