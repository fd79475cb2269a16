import { Bucket } from '../s3/bucket.js';
import type { S3Location } from '../s3/location.js';
import { onBucket } from './s3-errors.js';
import { syncAt, syncPath } from './places.js';
import { S3ChunkWriter, readChunkObjects, WriteBuffers } from './s3-chunks.js';
import { S3Log } from './s3-log.js';
import type { StagedSync, StagingFiles } from './staging.js';

/**
 * Staging in an S3-compatible store, for workers on any number of hosts: `<prefix><subscription>/<sync number>/chunk-000012.<attempt>.<digest>.jsonl`
 * lists the parts of a chunk, which lie beside it, as do the entries of its outcome log, an object each.
 */
export function createS3Files(location: S3Location): StagingFiles {
  const bucket = new Bucket(location);
  const buffers = new WriteBuffers();
  const log = new S3Log(bucket);
  return {
    host: () => Promise.resolve(null),
    createChunk: async (place, attempt, sealed) => new S3ChunkWriter(bucket, buffers, place, attempt, sealed),
    readChunk: (place, file) => readChunkObjects(bucket, place, file),
    openLog: (place) => Promise.resolve({ append: (entry) => onBucket(() => log.append(place, entry)), close: () => Promise.resolve() }),
    readEntries: (place) => onBucket(() => log.read(place)),
    removeSync: async (sync) => {
      const path = syncPath(sync);
      await onBucket(() => bucket.removeAll(`${path}/`));
    },
    syncsOlderThan: (ms) => onBucket(() => syncsBefore(bucket, Date.now() - ms)),
  };
}

async function syncsBefore(bucket: Bucket, timeMs: number): Promise<readonly StagedSync[]> {
  const lastWritten = new Map<string, number>();
  for await (const { key, writtenAtMs } of bucket.list('')) {
    const path = key.split('/', 2).join('/');
    lastWritten.set(path, Math.max(writtenAtMs, lastWritten.get(path) ?? 0));
  }
  return [...lastWritten].flatMap(([path, writtenAtMs]) => (writtenAtMs < timeMs ? (syncAt(path) ?? []) : []));
}
