/** The other side did not answer within the time that an attempt has. */
export class NoAnswerError extends Error {}

/**
 * Waits for `work` at most `timeoutMs`, and tells it through its own signal when nobody waits any more.
 *
 * @throws the signal's reason when it aborts, NoAnswerError when the time is up, and what `work` throws
 */
export async function within<T>(timeoutMs: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const ending = new AbortController();
  const interrupted = new Promise<never>((_, reject) => {
    ending.signal.addEventListener('abort', () => reject(ending.signal.reason as Error), { once: true });
  });
  const timer = setTimeout(() => ending.abort(new NoAnswerError()), timeoutMs);
  const abort = (): void => ending.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([interrupted, work(ending.signal)]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
