import { Context } from '@temporalio/activity';

/** Tells the time by the Temporal server's clock, which billing cycles go by, in ms since the epoch. */
export interface ServerClock {
  now(): number;
}

/** Call it where a step starts. The server told when it scheduled this attempt; an attempt that had to wait for a worker goes by this machine's clock. */
export function serverClock(): ServerClock {
  const startedMs = Math.max(Context.current().info.currentAttemptScheduledTimestampMs, Date.now());
  const startedAt = performance.now();
  return { now: () => Math.floor(startedMs + performance.now() - startedAt) };
}
