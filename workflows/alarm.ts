import { CancellationScope, condition, sleep } from '@temporalio/workflow';

/**
 * Wakes a loop when its time has come. Its timers are never canceled, because a timer that is started and canceled in one workflow task can end a workflow: where that task follows
 * one that died with its worker, SDK 1.24 sends the cancellation without the start, and the server refuses the task (BadCancelTimerAttributes) each time it is tried. An old timer
 * wakes the loop for nothing, and a message costs two events less.
 */
export class Alarm {
  /** When timers fire that have been started, in ms since the epoch. */
  readonly #setMs = new Set<number>();
  #rang = false;

  /** Until `woken` says so, or `dueMs` (ms since the epoch) has come; sometimes earlier. */
  async wait(dueMs: number, woken: () => boolean, summary: string): Promise<void> {
    if (woken()) return;
    if (![...this.#setMs].some((ms) => ms <= dueMs)) this.#set(dueMs, summary);
    this.#rang = false;
    await condition(() => this.#rang || woken());
  }

  #set(dueMs: number, summary: string): void {
    this.#setMs.add(dueMs);
    void CancellationScope.nonCancellable(async () => {
      await sleep(Math.max(1, dueMs - Date.now()), { summary });
      this.#setMs.delete(dueMs);
      this.#rang = true;
    });
  }
}
