import { systemClock, type Clock } from './clock.js';

/** How often someone who sends looks whether others were asked for a pause, in ms. */
const lookEveryMs = 3_000;

/** Until when one destination wants nothing, as far as this worker knows. Shared by all that send to it. */
export class Pause {
  #untilMs = 0;
  #watchers = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param elsewhere how long nothing should be sent, in ms, as others have told */
  constructor(
    private readonly elsewhere: () => Promise<number>,
    private readonly clock: Clock = systemClock,
  ) {}

  extend(ms: number): void {
    this.#untilMs = Math.max(this.#untilMs, this.clock.now() + ms);
  }

  remainingMs(): number {
    return Math.max(0, this.#untilMs - this.clock.now());
  }

  /** Looks now and every few seconds for what others were told, without holding anyone up, until what it returns is called. */
  watch(): () => void {
    this.#watchers += 1;
    if (this.#watchers === 1) {
      this.#look();
      this.#timer = setInterval(() => this.#look(), lookEveryMs);
    }
    return () => {
      this.#watchers -= 1;
      if (this.#watchers === 0) clearInterval(this.#timer);
    };
  }

  #look(): void {
    // Whoever doesn't hear of a pause is told by the destination itself.
    this.elsewhere().then((ms) => this.extend(ms), () => undefined);
  }
}
