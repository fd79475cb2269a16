import type { Operation } from '../domain/subscription.js';

/** Records of a delta, by what became of them. */
export type Tally = Readonly<Record<Operation, number>>;

export function recordsIn(counts: Tally, operations: readonly Operation[]): number {
  return operations.reduce((sum, operation) => sum + counts[operation], 0);
}
