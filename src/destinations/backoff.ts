const baseMs = 250;
const capMs = 30_000;

/**
 * How long to wait after a failed attempt, in ms: exponential with full jitter, never sooner than the destination asks.
 * Null when the time is up, or will be before the destination wants to be asked again.
 *
 * @param failures failed attempts since something got through, this one included
 * @param remainingMs of the time to keep trying; the last attempt comes when it has run out
 * @param random in [0, 1)
 */
export function waitBeforeRetry(failures: number, retryAfterMs: number | null, remainingMs: number, random: number): number | null {
  const atLeastMs = retryAfterMs ?? 0;
  if (remainingMs <= 0 || atLeastMs > remainingMs) return null;
  const jitteredMs = random * Math.min(capMs, baseMs * 2 ** (failures - 1));
  return Math.min(remainingMs, Math.max(atLeastMs, jitteredMs));
}
