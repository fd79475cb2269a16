import { Context } from '@temporalio/activity';
import { reservation } from '../src/contract/quota.js';
import type { ActivityDependencies } from './dependencies.js';
import { cancellation, withHeartbeat } from './step.js';
import { tellLedger } from './tell-ledger.js';
import type { DiffSummary, StepInput } from './types.js';

/** Steps 1 and 2: checks the model against every limit, then runs it once and compares it with what the destination has acknowledged. What it found to send, it asks the ledger for. */
export async function diffModel(dependencies: ActivityDependencies, input: StepInput): Promise<DiffSummary> {
  const { sync, subscription, full } = input;
  const warehouse = dependencies.warehouseOf(subscription);
  const { batchSize, concurrency } = dependencies.destinationOf(subscription).limits;
  const request = { sync, subscription, full, attempt: Context.current().info.attempt, chunking: { batchSize, concurrency } };
  const found = await withHeartbeat(() => warehouse.diffModel(request, cancellation()));
  if (found.toSend > 0) await tellLedger(dependencies, reservation(input, found.toSend));
  return { extracted: found.extracted, toSend: found.toSend, moreToExtract: found.moreToExtract, concurrency };
}
