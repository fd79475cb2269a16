import { ApplicationFailure } from '@temporalio/common';
import { SluiceError } from './errors.js';

/**
 * The one place where an error becomes what Temporal keeps. Only SluiceErrors show their message; any other may quote data and shows its class and code.
 */
export function toApplicationFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof SluiceError) {
    return ApplicationFailure.create({
      message: error.message,
      type: error.name,
      nonRetryable: !error.retryable,
      ...(error.retryAfterMs === null ? {} : { nextRetryDelay: error.retryAfterMs }),
    });
  }
  const name = error instanceof Error ? error.name : typeof error;
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return ApplicationFailure.create({ message: `unexpected ${name}${code}; the worker's log says where`, type: name });
}
