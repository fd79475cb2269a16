import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WorkflowClient } from '@temporalio/client';
import { messageNames } from '../src/contract/messages.js';
import { quotaWorkflowId } from '../src/contract/names.js';
import { usageReport, type QuotaMessage } from '../src/contract/quota.js';
import { customersTo } from './configuration.js';
import { measureSyncs, type RunningOptions } from './running.js';

const id = 'one_to_crm';

/**
 * How long a sync waits because of the quota, in ms, once for each run: until the diff's step is followed by the next, less what that takes
 * where nobody is asked, and with the two messages to the ledger, which the diff and the settlement send.
 */
export async function measureQuota(options: RunningOptions): Promise<readonly number[]> {
  const receiver = createServer((request, response) => void request.resume().on('end', () => response.end()));
  await once(receiver.listen(0, '127.0.0.1'), 'listening');
  try {
    return await measureSyncs(options, {
      id,
      query: 'select 1::bigint as id, clock_timestamp() as updated_at',
      receiverUrl: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
      figureOf: async (run, _requestedAt, workflows) => waitedForGrant(await run.fetchHistory()) + (await twoMessages(workflows)),
    });
  } finally {
    receiver.close();
  }
}

/** What two messages to the ledger take that it knows already, in ms. */
async function twoMessages(workflows: WorkflowClient): Promise<number> {
  const ledger = workflows.getHandle(quotaWorkflowId('bench'));
  const known: QuotaMessage = usageReport({ subscription: customersTo('', null, id), sync: { number: 1 } }, {}, { final: true });
  const begun = performance.now();
  for (let message = 0; message < 2; message++) await ledger.signal(messageNames.quotaMessage, known);
  return performance.now() - begun;
}

type History = Awaited<ReturnType<ReturnType<WorkflowClient['getHandle']>['fetchHistory']>>;
type Event = NonNullable<History['events']>[number];

/** What lies between the diff's answer and the next step, less what lies between two steps where nobody is asked. */
function waitedForGrant({ events }: History): number {
  const all = events ?? [];
  const scheduled = (step: string): Event => found(all, step, (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === step);
  const passed = (step: string, next: string): number => {
    const { eventId } = scheduled(step);
    const completed = found(all, step, (event) => event.activityTaskCompletedEventAttributes?.scheduledEventId?.toString() === eventId?.toString());
    return timeOf(scheduled(next)) - timeOf(completed);
  };
  return passed('diffModel', 'stageRecords') - passed('stageRecords', 'loadChunk');
}

function found(events: readonly Event[], step: string, isIt: (event: Event) => boolean): Event {
  const event = events.find(isIt);
  if (!event) throw new Error(`a sync that goes through ${step} was expected`);
  return event;
}

function timeOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1_000_000;
}
