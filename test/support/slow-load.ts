import { eventually, type Rig, type Subscribed } from './sluice.js';

/** Asks for a sync that is slow enough to be interrupted; resolves with the request once five batches were taken. */
export async function startSlowLoad({ receiver }: Rig, people: Subscribed, batchSize: number): Promise<number> {
  receiver.next({ kind: 'delay', ms: 150 }, 1_000);
  const request = await people.request();
  await eventually('some batches were taken', () => receiver.taken.new >= 5 * batchSize);
  return request;
}
