import type { Micros } from "./instant.ts";

/** After this long without a fix an asset is shown as silent. */
export const STALE_AFTER_SECONDS = 60;

/**
 * The age of a fix by the server's clock: the viewer's own clock may be minutes off and says only how much time went by.
 *
 * The server's clock is read from the `Date` header of the page's configuration; `wall` is the viewer's, in milliseconds.
 */
export class StalenessClock {
  readonly #wall: () => number;
  #ahead = 0;

  constructor(wall: () => number = Date.now) {
    this.#wall = wall;
  }

  /** Takes over the server's time as it was just told, in milliseconds since the epoch. */
  adjust(serverMillis: number): void {
    this.#ahead = serverMillis - this.#wall();
  }

  /** Seconds since `time`, never negative: a device's clock may be a little ahead. */
  age(time: Micros): number {
    return Math.max(0, (this.#wall() + this.#ahead - time / 1000) / 1000);
  }

  isStale(time: Micros): boolean {
    return this.age(time) > STALE_AFTER_SECONDS;
  }
}
