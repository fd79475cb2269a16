import type * as Sdk from '@aws-sdk/client-s3';
import { translate } from './errors.js';
import type { S3Location } from './location.js';

export interface S3Object {
  /** Within the location's folder. */
  readonly key: string;
  readonly bytes: number;
  readonly writtenAtMs: number;
}

/** The SDK, and our client for one store. */
interface Open {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
}

/** Without an answer for this long, a connection or request is given up, in ms. */
const connectionTimeout = 10_000;
const requestTimeout = 60_000;
const requestsAtOnce = 16;
/** How much of an object is asked for at a time where it is not wanted in one. */
const partBytes = 4 * 1024 * 1024;

/**
 * Objects in one folder of a bucket, by plain requests that every S3-compatible store has. Methods throw S3Error.
 * The SDK is loaded with the first request: it costs who uses no S3 nothing.
 */
export class Bucket {
  readonly #location: S3Location;
  #open: Promise<Open> | null = null;

  /** `attempts`: how often a request is tried before it counts as failed, with backoff. */
  constructor(
    location: S3Location,
    private readonly attempts = 3,
  ) {
    const folder = location.prefix.replace(/^\/+|\/+$/g, '');
    this.#location = { ...location, prefix: folder === '' ? '' : `${folder}/` };
  }

  /** Writes an object whole or not at all. `ifAbsent`: false when there is one of this key, which stays as it is. */
  async put(key: string, body: Buffer, options: { readonly ifAbsent?: boolean; readonly signal?: AbortSignal } = {}): Promise<boolean> {
    const request = { ...this.#at(key), Body: body, ContentLength: body.length, ...(options.ifAbsent === true ? { IfNoneMatch: '*' } : {}) };
    return this.#ask(key, async ({ sdk, client }) => {
      await client.send(new sdk.PutObjectCommand(request), abortedBy(options.signal));
      return true;
    }, { PreconditionFailed: false, ConditionalRequestConflict: false });
  }

  /** An object's bytes, all in memory; null when there is none. */
  async get(key: string): Promise<Buffer | null> {
    return this.#ask<Buffer | null>(key, (open) => this.#bytes(open, key, {}), { NoSuchKey: null });
  }

  /** An object's bytes in order, in parts of a few MiB. Each is a request of its own, so that a reader who takes long over one keeps no connection waiting. */
  async *read({ key, bytes }: S3Object, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    for (let from = 0; from < bytes; from += partBytes) {
      const range = `bytes=${from}-${Math.min(from + partBytes, bytes) - 1}`;
      yield await this.#ask(key, (open) => this.#bytes(open, key, { Range: range }, signal), {});
    }
  }

  async has(key: string, signal?: AbortSignal): Promise<boolean> {
    return this.#ask(key, async ({ sdk, client }) => {
      await client.send(new sdk.HeadObjectCommand(this.#at(key)), abortedBy(signal));
      return true;
    }, { NotFound: false, NoSuchKey: false });
  }

  /** Objects whose keys begin like this, in the order of their keys. */
  async *list(start: string): AsyncGenerator<S3Object, void, undefined> {
    let after: string | undefined;
    do {
      const request = { Bucket: this.#location.bucket, Prefix: `${this.#location.prefix}${start}`, ...(after === undefined ? {} : { ContinuationToken: after }) };
      const page = await this.#ask(start, ({ sdk, client }) => client.send(new sdk.ListObjectsV2Command(request)), {});
      for (const { Key: key = '', Size: bytes = 0, LastModified: writtenAt } of page.Contents ?? []) {
        yield { key: key.slice(this.#location.prefix.length), bytes, writtenAtMs: writtenAt?.getTime() ?? 0 };
      }
      after = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (after !== undefined);
  }

  /** Fine when there is none. One request each: not every store takes several in one. */
  async remove(key: string): Promise<void> {
    await this.#ask(key, ({ sdk, client }) => client.send(new sdk.DeleteObjectCommand(this.#at(key))), { NoSuchKey: undefined });
  }

  /** Removes all objects whose keys begin like this. */
  async removeAll(start: string): Promise<void> {
    let under: Promise<void>[] = [];
    for await (const { key } of this.list(start)) {
      under.push(this.remove(key));
      if (under.length < requestsAtOnce) continue;
      await Promise.all(under);
      under = [];
    }
    await Promise.all(under);
  }

  async close(): Promise<void> {
    if (this.#open !== null) (await this.#open).client.destroy();
  }

  async #bytes({ sdk, client }: Open, key: string, part: { readonly Range?: string }, signal?: AbortSignal): Promise<Buffer> {
    const { Body: body } = await client.send(new sdk.GetObjectCommand({ ...this.#at(key), ...part }), abortedBy(signal));
    return body === undefined ? Buffer.alloc(0) : Buffer.from(await body.transformToByteArray());
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#location.bucket, Key: `${this.#location.prefix}${key}` };
  }

  /** `answers`: what an error of the store stands for, by its name. */
  async #ask<T>(key: string, request: (open: Open) => Promise<T>, answers: Readonly<Record<string, T>>): Promise<T> {
    this.#open ??= this.#connect();
    const open = await this.#open;
    try {
      return await request(open);
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      if (Object.hasOwn(answers, name)) return answers[name] as T;
      throw translate(error, this.#location, key);
    }
  }

  async #connect(): Promise<Open> {
    const sdk = await import('@aws-sdk/client-s3');
    const { region, endpoint, forcePathStyle, credentials } = this.#location;
    // Stores of one's own have no regions, but signatures have.
    const signedFor = region ?? (endpoint === null ? null : 'us-east-1');
    const client = new sdk.S3Client({
      forcePathStyle,
      maxAttempts: this.attempts,
      requestHandler: { connectionTimeout, requestTimeout, socketTimeout: requestTimeout },
      // Digests of our own are kept with what is written; many stores don't know these.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(signedFor === null ? {} : { region: signedFor }),
      ...(endpoint === null ? {} : { endpoint }),
      ...(credentials === null ? {} : { credentials }),
    });
    return { sdk, client };
  }
}

function abortedBy(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
