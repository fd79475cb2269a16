import { createHash, randomBytes } from 'node:crypto';
import { WarehouseRefusedError, WarehouseUnavailableError } from '../../errors/errors.js';
import { Bucket } from '../../s3/bucket.js';
import { S3Error } from '../../s3/errors.js';
import type { BlockShape } from '../chunk-blocks.js';
import type { DeltaBlock } from '../warehouse.js';
import type { Errand, SnowflakeClient } from './client.js';
import { asWritten, stageName } from './names.js';
import type { SnowflakeSettings, SnowflakeUnload } from './settings.js';
import { readUnloaded } from './unloaded-files.js';

/** One text column, quoted in the one way that needs no escapes: backslashes and line feeds stand for themselves. A stage's own format doesn't count. */
const fileFormat = `(TYPE = CSV COMPRESSION = GZIP RECORD_DELIMITER = '\\n' FIELD_OPTIONALLY_ENCLOSED_BY = '"' ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE)`;
/** In bytes, compressed. Files are read one after the other, so that more of them bring no speed; Snowflake's default. */
const mostFileBytes = 16 * 1024 * 1024;

/**
 * Unloads a query of one text column. The query's id in the names of the files is what lets Snowflake take back what it wrote when it repeats an unload that
 * broke down in it; without, rows would be there twice. It goes with neither SINGLE nor OVERWRITE, and needs neither: a folder is written to once.
 */
export function unloadStatement(stage: string, folder: string, query: string): string {
  return `COPY INTO @${stageName(stage)}/${folder} FROM (${query}) FILE_FORMAT = ${fileFormat} HEADER = FALSE SINGLE = FALSE MAX_FILE_SIZE = ${mostFileBytes} INCLUDE_QUERY_ID = TRUE`;
}

/** What is unloaded for one subscription, whatever the sync. Other state schemas may share the stage. */
export function unloadFolder({ account, database, stateSchema }: SnowflakeSettings, subscriptionId: string): string {
  const home = createHash('sha256').update(JSON.stringify([account, asWritten(database), stateSchema])).digest('hex');
  return `${home.slice(0, 16)}/${subscriptionId}/`;
}

/** Removes what syncs of a subscription that died in the middle of it have left in the stage. Throws SluiceErrors. */
export async function sweepUnloaded(client: SnowflakeClient, unload: SnowflakeUnload, subscriptionId: string): Promise<void> {
  const bucket = new Bucket(unload.store);
  try {
    await bucket.removeAll(unloadFolder(client.settings, subscriptionId));
  } catch (error) {
    throw asUnloadError(client.source, error);
  } finally {
    await bucket.close();
  }
}

/**
 * Unloads the rows of a query, each `<chunk>\t<version><event>`, and reads the files; whatever happens, they are removed. Throws SluiceErrors, or the signal's reason.
 *
 * @param folder ends with a slash; no two calls may share it
 */
export async function* unloadedBlocks(client: SnowflakeClient, unload: SnowflakeUnload, request: { readonly errand: Errand; readonly folder: string; readonly query: string; readonly shape: BlockShape }): AsyncGenerator<DeltaBlock> {
  const { errand, query } = request;
  const folder = `${request.folder}${randomBytes(8).toString('hex')}/`;
  const bucket = new Bucket(unload.store);
  try {
    const answer = await client.use({ ...errand, bulk: true }, (session) => session.first<{ rows_unloaded: number }>(unloadStatement(unload.stage, folder, query)));
    let read = 0;
    for await (const block of readUnloaded(bucket, folder, request.shape, errand.signal)) {
      read += block.ends.length;
      yield block;
    }
    if (read !== answer?.rows_unloaded) throw new WarehouseUnavailableError(missing(client.source, unload, folder, answer?.rows_unloaded, read));
  } catch (error) {
    errand.signal?.throwIfAborted();
    throw asUnloadError(client.source, error);
  } finally {
    // What stays behind because the store doesn't answer goes with the subscription's next sync.
    await bucket.removeAll(folder).catch(() => undefined);
    await bucket.close();
  }
}

function missing(source: string, { stage, store }: SnowflakeUnload, folder: string, unloaded: number | undefined, read: number): string {
  return `warehouse "${source}" unloaded ${unloaded ?? 'an unknown number of'} records to stage ${stage}, but there are ${read} in bucket ${store.bucket} at ${store.prefix}/${folder}: check that unload.store is the place that the stage's URL names`;
}

function asUnloadError(source: string, error: unknown): unknown {
  if (!(error instanceof S3Error)) return error;
  const message = `warehouse "${source}", unload.store: ${error.message}`;
  return error.refused ? new WarehouseRefusedError(message, { cause: error }) : new WarehouseUnavailableError(message, { cause: error });
}
