import type { FailureRow } from '../contract/reports.js';
import type { Operation } from '../domain/subscription.js';

/** A row of `failures_<subscription_id>`, as drivers give it. */
export interface FailureColumns {
  readonly record_id: string;
  readonly operation: Operation;
  readonly maybe_delivered: boolean;
  readonly attempts: number;
  readonly first_failed_at: Date;
  readonly last_failed_at: Date;
  readonly reason: string;
  readonly expired: boolean;
  /** Absent from tables of an earlier version. */
  readonly code?: string | null;
}

export function asFailureRow(row: FailureColumns): FailureRow {
  return {
    recordId: row.record_id,
    operation: row.operation,
    maybeDelivered: row.maybe_delivered,
    attempts: row.attempts,
    firstFailedAt: row.first_failed_at.toISOString(),
    lastFailedAt: row.last_failed_at.toISOString(),
    code: row.code ?? null,
    reason: row.reason,
    expired: row.expired,
  };
}
