/** A replay that was asked for: `sync` is the number of the sync whose records are to be sent again. */
export interface ReplayAsked {
  readonly request: number;
  readonly sync: number;
}

/** What was asked of a subscription. Requests are numbered as they come; `served` is the last one whose sync has ended. */
export interface Requests {
  readonly accepted: number;
  readonly served: number;
  /** Those of the unserved that are replays, in order. */
  readonly replays: readonly ReplayAsked[];
}

/** What the next sync on request is for: it serves all requests up to a number. `replay` is null for an ordinary sync. */
export interface NextRequest {
  readonly upTo: number;
  readonly replay: number | null;
}

/** Requests are served in the order in which they came. Neighbouring ordinary ones share a sync; each replay is a sync of its own. Null when none waits. */
export function nextRequest({ accepted, served, replays }: Requests): NextRequest | null {
  const [replay] = replays;
  if (replay?.request === served + 1) return { upTo: replay.request, replay: replay.sync };
  const upTo = replay === undefined ? accepted : replay.request - 1;
  return upTo > served ? { upTo, replay: null } : null;
}
