import { Bucket } from '../s3/bucket.js';
import type { S3Location } from '../s3/location.js';
import { onBucket } from './s3-errors.js';
import { chunkStem, syncAt, syncPath } from './places.js';
import { S3ChunkWriter, readChunkObjects, WriteBuffers } from './s3-chunks.js';
import { S3Log } from './s3-log.js';
import type { AppendOnly, ChunkPlace, StagedSync, StagingFiles } from './staging.js';

/**
 * Staging in an S3-compatible store, for workers on any number of hosts: `<prefix><subscription>/<sync number>/chunk-000012.<attempt>.<digest>.events`
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
    openLog: (place) => Promise.resolve(openLog(bucket, log, place)),
    readEntries: (place) => onBucket(() => log.read(place)),
    removeSync: async (sync) => {
      const path = syncPath(sync);
      await onBucket(() => bucket.removeAll(`${path}/`));
    },
    syncsOlderThan: (ms) => onBucket(() => syncsBefore(bucket, Date.now() - ms)),
  };
}

/** No room can be kept in a bucket, so each writer tries once whether it takes anything. */
function openLog(bucket: Bucket, log: S3Log, place: ChunkPlace): AppendOnly<string> {
  let tried = false;
  return {
    makeRoom: async () => {
      if (tried) return;
      await onBucket(() => bucket.put(`${syncPath(place)}/${chunkStem(place.chunk)}.try`, Buffer.alloc(0)));
      tried = true;
    },
    append: (entry) => onBucket(() => log.append(place, entry)),
    close: () => Promise.resolve(),
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
