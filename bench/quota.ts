import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { customersTo } from './configuration.js';
import { measureSyncs, type RunningOptions } from './running.js';

/**
 * How long a sync waits because of the quota, in ms, once for each run: from the diff's answer until staging begins,
 * and from settlement until the end, less what the workflow tasks take that there would be anyway.
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

/** Two workflow tasks of a sync talk to the ledger, and two do nothing but pass from step to step: what the first two take longer is the quota's. */
function waitedForLedger({ events }: History): number {
  const all = events ?? [];
  const [end] = all.slice(-1);
  if (!end) throw new Error('a sync without a history');
  const scheduled = (step: string): Event => found(all, step, (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === step);
  const taskAfter = (step: string): Event => {
    const { eventId } = scheduled(step);
    const completed = found(all, step, (event) => event.activityTaskCompletedEventAttributes?.scheduledEventId?.toString() === eventId?.toString());
    return found(all.slice(all.indexOf(completed)), step, (event) => event.workflowTaskStartedEventAttributes !== null && event.workflowTaskStartedEventAttributes !== undefined);
  };
  const between = (step: string, next: Event): number => timeOf(next) - timeOf(taskAfter(step));
  const talking = between('diffModel', scheduled('stageRecords')) + between('settleSync', end);
  const passing = between('stageRecords', scheduled('loadChunk')) + between('loadChunk', scheduled('settleSync'));
  return talking - passing;
}

function found(events: readonly Event[], step: string, isIt: (event: Event) => boolean): Event {
  const event = events.find(isIt);
  if (!event) throw new Error(`a sync that goes through ${step} was expected`);
  return event;
}

function timeOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1_000_000;
}
