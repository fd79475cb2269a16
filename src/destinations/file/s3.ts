import { createHash, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { CheckItem } from '../../contract/reports.js';
import { Bucket } from '../../s3/bucket.js';
import { S3Error } from '../../s3/errors.js';
import type { DeliveryAnswer } from '../destination.js';
import { NoAnswerError } from '../within.js';
import type { FileDestinationConfig } from './config.js';
import { headerOf } from './format.js';
import { manifestOf, type PublishedFile } from './manifest.js';
import { digits } from './pieces.js';
import { nameOfPart, partNamed, withoutOverlap, type Part } from './s3-parts.js';
import type { FileSet, FileTarget } from './target.js';

const compress = promisify(gzip);

/**
 * File sets in an S3-compatible store. Nothing can be renamed there: each batch is an object from the start, and the manifest, written last, is what publishes them.
 * Readers go by the manifest; objects that it doesn't list are of a sync under way, or came too late to count.
 */
export function createS3Target(config: FileDestinationConfig): FileTarget {
  const { path, s3, format } = config;
  const [, name = '', prefix = ''] = /^s3:\/\/([^/]*)\/?(.*)$/.exec(path) ?? [];
  // Retries are the delivery's.
  const bucket = new Bucket({ bucket: name, prefix, ...s3 }, 1);
  const ending = config.gzip ? `${format}.gz` : format;
  return {
    path,
    published: async (set, signal) => ((await bucket.has(manifestIn(set), signal)) ? `${path.replace(/\/+$/, '')}/${folderOf(set)}` : null),
    keep: async (set, place, rows, signal) => {
      const file = Buffer.concat([headerOf(config), rows]);
      const bytes = config.gzip ? await compress(file) : file;
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await bucket.put(`${folderOf(set)}${nameOfPart(place, sha256, ending)}`, bytes, { signal });
    },
    publish: (set) => publish(bucket, set, config),
    check: () => check(bucket, path),
    judge,
    problemOf: (error) => (error instanceof S3Error ? error.message : 'an unexpected error'),
    close: () => bucket.close(),
  };
}

async function publish(bucket: Bucket, set: FileSet, config: FileDestinationConfig): Promise<void> {
  if (await bucket.has(manifestIn(set))) return;
  const found: (Part & { readonly bytes: number })[] = [];
  for await (const { key, bytes } of bucket.list(folderOf(set))) {
    const part = partNamed(key.slice(folderOf(set).length));
    if (part !== null) found.push({ ...part, bytes });
  }
  if (found.length === 0) return;
  const chosen = new Set([...new Set(found.map(({ chunk }) => chunk))].flatMap((chunk) => withoutOverlap(found.filter((part) => part.chunk === chunk))));
  for (const part of found) if (!chosen.has(part)) await bucket.remove(`${folderOf(set)}${part.name}`);
  const files = found.flatMap((part): PublishedFile[] => (chosen.has(part) ? [{ name: part.name, records: part.records, bytes: part.bytes, sha256: part.sha256 }] : []));
  await bucket.put(manifestIn(set), manifestOf(set, config, files), { ifAbsent: true });
}

function judge(error: unknown): DeliveryAnswer {
  if (error instanceof NoAnswerError) return { kind: 'unavailable', sent: true, retryAfterMs: null, reason: 'the store took too long to answer' };
  if (!(error instanceof S3Error)) throw error;
  if (error.refused) return { kind: 'unauthorized', reason: error.message };
  return { kind: 'unavailable', sent: error.sent, retryAfterMs: null, reason: error.message };
}

/** Writes, lists and removes an object. */
async function check(bucket: Bucket, path: string): Promise<readonly CheckItem[]> {
  const what = `writes to ${path}`;
  const probe = `.check-${randomBytes(6).toString('hex')}`;
  try {
    await bucket.put(probe, Buffer.from('probe'));
    for await (const object of bucket.list(probe)) await bucket.remove(object.key);
    return [{ what, problem: null }];
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    return [{ what, problem: error.message }];
  }
}

function folderOf({ subscriptionId, syncNumber }: FileSet): string {
  return `${subscriptionId}/sync-${digits(syncNumber, 6)}/`;
}

function manifestIn(set: FileSet): string {
  return `${folderOf(set)}manifest.json`;
}
