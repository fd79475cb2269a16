import assert from 'node:assert/strict';
import type { SyncWorkflowInput } from '../../src/contract/messages.js';
import { syncWorkflowId, taskQueue, workflowTypes } from '../../src/contract/names.js';
import type { Schedule } from '../../src/domain/schedule.js';
import type { Subscription } from '../../src/domain/subscription.js';
import { createRig, eventually, modelState, receivedState, type Rig, type Subscribed } from '../support/sluice.js';
import { fastForward } from '../support/time-skipping.js';

const minute = 60_000;
const hour = 60 * minute;

describe('the schedule of a subscription, on virtual time', () => {
  let rig: Rig;
  before(async () => {
    rig = await createRig();
    await rig.startWorker();
  });
  after(() => rig.stop());

  const forward = (people: Subscribed, ms: number): Promise<void> => fastForward(rig.temporal, syncWorkflowId(people.id), ms);
  const subscribe = (schedule: Schedule): Promise<Subscribed> => rig.subscribe(3, { schedule });
  /** When its syncs started, on the workflow's own clock, in ms since the epoch. */
  const startTimes = async (people: Subscribed): Promise<number[]> => {
    const { events } = await rig.temporal.workflow.getHandle(syncWorkflowId(people.id)).fetchHistory();
    return (events ?? [])
      .filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'openSync')
      .map((event) => Number(event.eventTime?.seconds ?? 0) * 1000 + (event.eventTime?.nanos ?? 0) / 1e6);
  };
  /** Rounded, because a start is seen some milliseconds after the moment that the schedule counts from. */
  const gapsInMinutes = (times: readonly number[]): number[] => times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) / minute));
  const untilIdleAfter = (people: Subscribed, syncs: number): Promise<void> =>
    eventually(`${syncs} syncs have ended`, async () => (await rig.client.recentSyncs(people.id)).length >= syncs && (await people.status()).state === 'idle');

  it('starts the first sync of an interval at once, and keeps the interval for hours', async function () {
    this.timeout(60_000);
    const people = await subscribe({ kind: 'interval', everyMs: 15 * minute });
    await untilIdleAfter(people, 1);
    await forward(people, 2 * hour + minute);
    await untilIdleAfter(people, 9);
    assert.deepEqual(gapsInMinutes(await startTimes(people)), Array.from({ length: 8 }, () => 15));
    assert.ok((await rig.client.recentSyncs(people.id)).every((sync) => sync.trigger === 'schedule' && sync.status === 'succeeded'));
    assert.deepEqual(receivedState(rig.receiver), await modelState(rig.database, people.table));
  });

  it('starts the second sync no sooner than 15 minutes after the first', async () => {
    const people = await subscribe({ kind: 'interval', everyMs: 15 * minute });
    await untilIdleAfter(people, 1);
    await forward(people, 14 * minute);
    assert.equal((await startTimes(people)).length, 1);
    await forward(people, 2 * minute);
    assert.equal((await startTimes(people)).length, 2);
  });

  it('starts a sync sooner only when asked, and counts the interval from there', async () => {
    const people = await subscribe({ kind: 'interval', everyMs: 15 * minute });
    await untilIdleAfter(people, 1);
    await forward(people, 5 * minute);
    assert.equal((await people.sync()).trigger, 'manual');
    await forward(people, 14 * minute);
    assert.equal((await startTimes(people)).length, 2);
    await forward(people, 2 * minute);
    await untilIdleAfter(people, 3);
    assert.deepEqual(gapsInMinutes(await startTimes(people)), [5, 15]);
  });

  it('doesn\'t lose a due time that passes during a pause, and makes one sync of several', async () => {
    const people = await subscribe({ kind: 'interval', everyMs: 15 * minute });
    await untilIdleAfter(people, 1);
    await forward(people, 10 * minute);
    await rig.client.pause(people.id);
    await forward(people, 2 * hour);
    assert.equal((await startTimes(people)).length, 1);
    await rig.client.resume(people.id);
    await untilIdleAfter(people, 2);
    assert.deepEqual(gapsInMinutes(await startTimes(people)), [130]);
    await forward(people, 14 * minute);
    assert.equal((await startTimes(people)).length, 2, 'what was missed is not made up for one by one');
  });

  /** A subscription whose last sync started then, as an earlier run of its workflow left it. */
  const subscribeAfter = async (id: string, startedMs: number): Promise<Subscribed> => {
    const people = await subscribe({ kind: 'manual' });
    const subscription: Subscription = { ...people.subscription, id, schedule: { kind: 'interval', everyMs: 15 * minute } };
    const carried = { paused: false, anchorMs: startedMs, lastStartedMs: startedMs, requests: { accepted: 0, served: 0 }, recent: [], lastRefusal: null, fullRequested: false, resetRequested: false };
    const args: [SyncWorkflowInput] = [{ workspaceId: rig.configuration.workspace.id, subscription, carried }];
    await rig.temporal.workflow.start(workflowTypes.sync, { workflowId: syncWorkflowId(id), taskQueue, args });
    return { ...people, id, status: () => rig.client.status(id) };
  };

  // Virtual time stands still while a sync runs, so this begins in the state that a sync of fifty minutes leaves.
  it('follows a sync that took longer than its interval with one sync, not with all that it overlapped', async () => {
    const slow = await subscribeAfter('slow', Date.now() - 50 * minute);
    await untilIdleAfter(slow, 1);
    await forward(slow, 14 * minute);
    assert.equal((await startTimes(slow)).length, 1);
    await forward(slow, 2 * minute);
    await untilIdleAfter(slow, 2);
    assert.deepEqual(gapsInMinutes(await startTimes(slow)), [15]);
    await rig.temporal.workflow.getHandle(syncWorkflowId('slow')).terminate();
  });

  it('goes on within its interval after the clock was set back', async () => {
    const ahead = await subscribeAfter('ahead', Date.now() + 50 * hour);
    await forward(ahead, 14 * minute);
    assert.deepEqual(await startTimes(ahead), []);
    await forward(ahead, 2 * minute);
    await untilIdleAfter(ahead, 1);
    await rig.temporal.workflow.getHandle(syncWorkflowId('ahead')).terminate();
  });

  it('starts a cron schedule at its time of day in its time zone, and not before', async () => {
    const inThreeHours = new Date(Date.now() + 3 * hour);
    const kolkata = new Intl.DateTimeFormat('en', { timeZone: 'Asia/Kolkata', hour: 'numeric', minute: 'numeric', hourCycle: 'h23' });
    const [hourThere, minuteThere] = kolkata.format(inThreeHours).split(':').map(Number);
    const people = await subscribe({ kind: 'cron', expression: `${minuteThere ?? ''} ${hourThere ?? ''} * * *`, timezone: 'Asia/Kolkata' });
    const dueMs = Math.floor(inThreeHours.getTime() / minute) * minute;
    await eventually('it waits', async () => (await people.status()).nextSyncAt === new Date(dueMs).toISOString());
    assert.deepEqual(await startTimes(people), []);
    await forward(people, 25 * hour);
    await untilIdleAfter(people, 1);
    const times = await startTimes(people);
    assert.deepEqual(times.map((time) => Math.floor(time / minute) * minute), [dueMs]);
    await forward(people, 3 * hour);
    await untilIdleAfter(people, 2);
    assert.deepEqual(gapsInMinutes(await startTimes(people)), [24 * 60]);
  });
});
