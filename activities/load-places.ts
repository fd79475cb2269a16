import { TurnAwaitedError } from '../src/errors/errors.js';

/** Steps that one worker does at once. */
export const stepsAtOnce = 100;
/** How soon a load that found no place comes back, in ms. */
const comeBackMs = 1_000;

/**
 * The places that loads take up on one worker. A destination may have half as many as are still free, so however slowly it answers, and however many such there are,
 * the next one finds a place, and so do steps that are no loads.
 */
export class LoadPlaces {
  readonly #taken = new Map<string, number>();

  constructor(private readonly places = stepsAtOnce) {}

  /** @throws TurnAwaitedError when the destination has all the places that it may have */
  async within<T>(destination: string, load: () => Promise<T>): Promise<T> {
    const own = this.#taken.get(destination) ?? 0;
    const free = this.places - [...this.#taken.values()].reduce((sum, taken) => sum + taken, 0);
    if (own >= free / 2) throw new TurnAwaitedError(destination, 'it has all the places on this worker that one destination may have', comeBackMs);
    this.#taken.set(destination, own + 1);
    try {
      return await load();
    } finally {
      this.#taken.set(destination, (this.#taken.get(destination) ?? 1) - 1);
    }
  }
}
