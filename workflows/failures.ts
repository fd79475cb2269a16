import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, isCancellation, TerminatedFailure } from '@temporalio/workflow';
import type { EarlyEnd } from '../src/domain/sync.js';

/** Why a sync ended early, in words that a person can act on. */
export function earlyEndOf(error: unknown): EarlyEnd {
  if (isCancellation(error)) return { kind: 'canceled' };
  return { kind: 'failed', message: messageOf(error) };
}

function messageOf(error: unknown): string {
  if (error instanceof ChildWorkflowFailure) {
    return error.cause instanceof TerminatedFailure ? 'its workflow was terminated' : messageOf(error.cause);
  }
  if (error instanceof ActivityFailure) return error.cause instanceof ApplicationFailure ? error.cause.message : `step ${error.activityType} ended without an answer`;
  return error instanceof Error ? error.message : String(error);
}
