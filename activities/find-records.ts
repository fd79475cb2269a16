import { Context } from '@temporalio/activity';
import { reservation } from '../src/contract/quota.js';
import type { DiffResult, ExtractRequest, Warehouse } from '../src/warehouses/warehouse.js';
import type { ActivityDependencies } from './dependencies.js';
import { cancellation, withHeartbeat } from './step.js';
import { tellLedger } from './tell-ledger.js';
import type { DiffSummary, StepInput } from './types.js';

type Find = (warehouse: Warehouse, request: ExtractRequest, signal: AbortSignal) => Promise<DiffResult>;

/** Finds the records of a sync, and asks the ledger for those that it will send. */
export async function findRecords(dependencies: ActivityDependencies, input: StepInput, find: Find): Promise<DiffSummary> {
  const { sync, subscription } = input;
  const warehouse = dependencies.warehouseOf(subscription);
  const { batchSize, concurrency } = dependencies.destinationOf(subscription).limits;
  const request = { sync, subscription, attempt: Context.current().info.attempt, chunking: { batchSize, concurrency } };
  return withHeartbeat(async () => {
    const { extracted, toSend, moreToExtract } = await find(warehouse, request, cancellation());
    if (toSend > 0) await tellLedger(dependencies, reservation(input, toSend));
    return { extracted, toSend, moreToExtract, concurrency };
  });
}
