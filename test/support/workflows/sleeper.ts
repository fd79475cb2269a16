import { condition, defineQuery, setHandler, sleep } from '@temporalio/workflow';

/** Sleeps, and returns how long that was on its own clock, in ms. */
export async function sleeper(durationMs: number): Promise<number> {
  const start = Date.now();
  await sleep(durationMs);
  return Date.now() - start;
}

export const ticksQuery = defineQuery<number>('ticks');

/** Counts periods, for ever. */
export async function ticker(periodMs: number): Promise<void> {
  let ticks = 0;
  setHandler(ticksQuery, () => ticks);
  for (;;) {
    await condition(() => false, periodMs);
    ticks += 1;
  }
}
