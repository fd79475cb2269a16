import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { syncIdOf } from '../../domain/subscription.js';
import { SluiceError } from '../../errors/errors.js';
import type { Batch, DeliveryAnswer, Destination } from '../destination.js';
import { NoAnswerError, within } from '../within.js';
import { checkFolder } from './check.js';
import type { FileDestinationConfig } from './config.js';
import { formatBatch } from './format.js';
import { writePiece } from './pieces.js';
import { foldersOf, isPublished, publishSync } from './publish.js';

const compress = promisify(gzip);

/** The file set of a sync could not be put in place; its records stay where they are until it can. */
export class PublishError extends SluiceError {
  readonly retryable = true;
}

/**
 * Writes the records of each sync as one set of files with a manifest, which appears whole when the sync is over.
 * Each batch is durable before it is acknowledged, and one that comes again replaces itself.
 */
export function createFileDestination(name: string, config: FileDestinationConfig): Destination {
  const { batchSize, batchBytes, concurrency, timeoutMs, giveUpAfterMs, rateLimit } = config;
  return {
    identity: createHash('sha256').update(JSON.stringify(['file', name, config.path])).digest('hex'),
    limits: { batchSize, batchBytes, concurrency, timeoutMs, giveUpAfterMs, rateLimit },
    async deliver(batch, signal) {
      try {
        return await within(timeoutMs, signal, () => deliver(batch, config));
      } catch (error) {
        signal.throwIfAborted();
        return judgeFailure(error, config.path);
      }
    },
    async publish(sync) {
      const syncId = syncIdOf(sync.subscriptionId, sync.syncNumber);
      try {
        await publishSync(foldersOf(config.path, sync), config, { syncId, ...sync });
      } catch (error) {
        throw new PublishError(`the files of ${syncId} cannot be published in ${config.path} (${codeOf(error)}): make room, or let the worker write there`);
      }
    },
    check: () => checkFolder(config.path),
    close: () => Promise.resolve(),
  };
}

async function deliver(batch: Batch, config: FileDestinationConfig): Promise<DeliveryAnswer> {
  if (batch.place === null) return { kind: 'refused', reason: 'a file set belongs to a sync, and this record was sent outside of one' };
  const folders = foldersOf(config.path, batch);
  if (await isPublished(folders)) {
    const reason = `${folders.published} is published already; if the subscription's state was dropped on purpose, move its old files away`;
    return { kind: 'unauthorized', reason };
  }
  const bytes = formatBatch(batch, config);
  await writePiece(folders.work, batch.place, config.gzip ? await compress(bytes) : bytes);
  return { kind: 'delivered' };
}

/** What no retry mends: someone must change a permission or the configuration. */
const lasting = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR']);

function judgeFailure(error: unknown, path: string): DeliveryAnswer {
  if (error instanceof NoAnswerError) return { kind: 'unavailable', sent: true, retryAfterMs: null, reason: `writing to ${path} took too long` };
  const code = codeOf(error);
  if (lasting.has(code)) return { kind: 'unauthorized', reason: `${path} cannot be written to (${code}): correct the destination's path, or let the worker write there` };
  return { kind: 'unavailable', sent: false, retryAfterMs: null, reason: `${path} cannot be written to (${code})` };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
