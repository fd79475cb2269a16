import { setTimeout as sleep } from 'node:timers/promises';

/** Keeps to a rate by spacing batches out. */
export interface Pacer {
  /** Resolves when this many records may leave; rejects when the signal aborts. */
  take(records: number, signal: AbortSignal): Promise<void>;
}

/**
 * All loads of one worker that send to one destination share a pacer, so together they keep its rate; each worker has its own.
 * A batch waits until the ones before it have used up their time; none is ever due sooner than its predecessors allow.
 */
export function createPacer(limit: { readonly records: number; readonly perMs: number } | null): Pacer {
  if (limit === null) return { take: () => Promise.resolve() };
  const msPerRecord = limit.perMs / limit.records;
  let freeAt = 0;
  return {
    take: async (records, signal) => {
      const now = performance.now();
      const startAt = Math.max(now, freeAt);
      freeAt = startAt + records * msPerRecord;
      if (startAt > now) await sleep(startAt - now, undefined, { signal });
    },
  };
}
