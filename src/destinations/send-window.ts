interface Sending {
  readonly records: number;
  /** When its answer came, or nobody waited for it any more. It arrived somewhere in between, so until then it counts as arriving. Null while it is under way. */
  endedMs: number | null;
}

/** What was sent in the last `perMs`. Times in ms of one monotonic clock. */
export class SendWindow {
  #sendings: Sending[] = [];

  constructor(private readonly perMs: number) {}

  /** Notes records that leave; call what it returns with the time at which that ended. */
  begin(records: number): (endedMs: number) => void {
    const sending: Sending = { records, endedMs: null };
    this.#sendings.push(sending);
    return (endedMs) => (sending.endedMs = endedMs);
  }

  recordsAt(nowMs: number): number {
    this.#sendings = this.#sendings.filter(({ endedMs }) => endedMs === null || endedMs + this.perMs > nowMs);
    return this.#sendings.reduce((sum, { records }) => sum + records, 0);
  }

  get isSending(): boolean {
    return this.#sendings.some(({ endedMs }) => endedMs === null);
  }

  /** In how many ms at most `records` count any more, as far as what has ended tells; Infinity where that depends on what is under way. */
  msUntilAtMost(records: number, nowMs: number): number {
    let left = this.recordsAt(nowMs);
    if (left <= records) return 0;
    const ended = this.#sendings.flatMap(({ endedMs, ...sending }) => (endedMs === null ? [] : [{ ...sending, endedMs }])).sort((one, other) => one.endedMs - other.endedMs);
    for (const sending of ended) {
      left -= sending.records;
      if (left <= records) return sending.endedMs + this.perMs - nowMs;
    }
    return Infinity;
  }
}
