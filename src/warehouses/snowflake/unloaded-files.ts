import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { WarehouseUnavailableError } from '../../errors/errors.js';
import type { Bucket, S3Object } from '../../s3/bucket.js';
import type { BlockShape } from '../chunk-blocks.js';
import { collectGarbage, StreamGarbage } from '../garbage.js';
import type { DeltaBlock } from '../warehouse.js';
import { UnloadedRows, UnreadableFileError } from './unloaded-rows.js';

/**
 * The records in all files of a folder, file by file: memory holds a few MiB of one.
 *
 * @throws WarehouseUnavailableError for a file that is damaged
 * @throws S3Error when the store refuses
 */
export async function* readUnloaded(bucket: Bucket, folder: string, shape: BlockShape, signal?: AbortSignal): AsyncGenerator<DeltaBlock> {
  const rows = new UnloadedRows(shape);
  const garbage = new StreamGarbage();
  for await (const file of bucket.list(folder)) {
    try {
      for await (const bytes of unpacked(bucket, file, signal)) {
        for (const block of rows.push(bytes)) {
          if (garbage.isDue(block.ends.length)) await collectGarbage();
          yield block;
        }
      }
      yield* rows.endFile();
    } catch (error) {
      throw isUnreadable(error) ? new WarehouseUnavailableError(`unloaded file ${file.key} is damaged, or no work of Snowflake's (${error.message}); it is unloaded again`) : error;
    }
  }
  yield* rows.end();
}

function unpacked(bucket: Bucket, file: S3Object, signal: AbortSignal | undefined): AsyncIterable<Buffer> {
  const unpacking = createGunzip({ chunkSize: 64 * 1024 });
  // What breaks on the way is thrown where it is read.
  pipeline(Readable.from(bucket.read(file, signal), { highWaterMark: 1 }), unpacking, () => undefined);
  return unpacking;
}

/** From zlib come codes such as Z_DATA_ERROR. */
function isUnreadable(error: unknown): error is Error {
  return error instanceof UnreadableFileError || (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'));
}
