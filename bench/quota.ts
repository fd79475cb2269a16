import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { customersTo } from './configuration.js';
import { measureSyncs, type RunningOptions } from './running.js';

/**
 * How long a sync waits because of the quota, in ms, once for each run: from the question to the ledger until the grant is there,
 * and from its report to the ledger until that has arrived.
 */
export async function measureQuota(options: RunningOptions): Promise<readonly number[]> {
  const receiver = createServer((request, response) => void request.resume().on('end', () => response.end()));
  await once(receiver.listen(0, '127.0.0.1'), 'listening');
  try {
    const subscription = customersTo('select 1::bigint as id, clock_timestamp() as updated_at', null, 'one_to_crm');
    return await measureSyncs(options, subscription, `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`, async (run) => waitedForLedger(await run.fetchHistory()));
  } finally {
    receiver.close();
  }
}

type History = Awaited<ReturnType<Parameters<Parameters<typeof measureSyncs>[3]>[0]['fetchHistory']>>;
type Event = NonNullable<History['events']>[number];

function waitedForLedger({ events }: History): number {
  const all = events ?? [];
  const grant = all.find(({ workflowExecutionSignaledEventAttributes }) => workflowExecutionSignaledEventAttributes);
  const told = all.filter((event) => event.signalExternalWorkflowExecutionInitiatedEventAttributes);
  const arrived = all.findLast((event) => event.externalWorkflowExecutionSignaledEventAttributes);
  const [asked, reported] = told;
  if (!asked || !grant || !reported || !arrived || told.length !== 2) throw new Error('a sync that asks once and reports once was expected');
  return timeOf(grant) - timeOf(asked) + timeOf(arrived) - timeOf(reported);
}

function timeOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1_000_000;
}
