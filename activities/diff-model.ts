import type { ActivityDependencies } from './dependencies.js';
import { findRecords } from './find-records.js';
import type { DiffSummary, StepInput } from './types.js';

/** Steps 1 and 2: checks the model against every limit, then runs it once and compares it with what the destination has acknowledged. What it found to send, it asks the ledger for. */
export function diffModel(dependencies: ActivityDependencies, input: StepInput): Promise<DiffSummary> {
  return findRecords(dependencies, input, (warehouse, request, signal) => warehouse.diffModel({ ...request, full: input.full }, signal));
}
