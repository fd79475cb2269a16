import { createHash } from 'node:crypto';
import { syncIdOf } from '../../domain/subscription.js';
import { SluiceError } from '../../errors/errors.js';
import type { Destination } from '../destination.js';
import { within } from '../within.js';
import type { FileDestinationConfig } from './config.js';
import { createFolderTarget } from './folder.js';
import { formatBatch } from './format.js';
import { createS3Target } from './s3.js';
import type { FileTarget } from './target.js';

/** The file set of a sync could not be put in place; its records stay where they are until it can. */
export class PublishError extends SluiceError {
  readonly retryable = true;
}

/**
 * Writes the records of each sync as one set of files with a manifest, which appears whole when the sync is over.
 * Each batch is durable before it is acknowledged, and one that comes again changes nothing.
 */
export function createFileDestination(name: string, config: FileDestinationConfig): Destination {
  const { batchSize, batchBytes, concurrency, timeoutMs, giveUpAfterMs, rateLimit } = config;
  const target: FileTarget = isOnS3(config.path) ? createS3Target(config) : createFolderTarget(config);
  return {
    identity: createHash('sha256').update(JSON.stringify(['file', name, config.path, ...(config.s3.endpoint === null ? [] : [config.s3.endpoint])])).digest('hex'),
    limits: { batchSize, batchBytes, concurrency, timeoutMs, giveUpAfterMs, rateLimit },
    async deliver(batch, signal) {
      const { place } = batch;
      if (place === null) return { kind: 'refused', reason: 'a file set belongs to a sync, and this record was sent outside of one' };
      const rows = formatBatch(batch, config);
      try {
        return await within(timeoutMs, signal, async (ending) => {
          const published = await target.published(batch, ending);
          if (published !== null) return { kind: 'unauthorized', reason: `${published} is published already; if the subscription's state was dropped on purpose, move its old files away` };
          await target.keep(batch, place, rows, ending);
          return { kind: 'delivered' };
        });
      } catch (error) {
        signal.throwIfAborted();
        return target.judge(error);
      }
    },
    async publish({ subscriptionId, syncNumber }) {
      try {
        await target.publish({ subscriptionId, syncNumber });
      } catch (error) {
        throw new PublishError(`the files of ${syncIdOf(subscriptionId, syncNumber)} cannot be published in ${target.path} (${target.problemOf(error)})`);
      }
    },
    check: () => target.check(),
    close: () => target.close(),
  };
}

function isOnS3(path: string): boolean {
  return path.startsWith('s3://');
}
