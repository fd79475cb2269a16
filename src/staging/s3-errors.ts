import { StagingUnavailableError } from '../errors/errors.js';
import { S3Error } from '../s3/errors.js';

/** Runs a step on the store's objects. What the store answers can change, also a refusal once someone has changed a permission; so a retry can help. */
export async function onBucket<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof S3Error) throw new StagingUnavailableError(`staging: ${error.message}`, { cause: error });
    throw error;
  }
}
