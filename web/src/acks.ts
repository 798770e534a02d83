const GATHER_MILLIS = 50;
const AGAIN_MILLIS = 2_000;
const MOST_AT_ONCE = 500;
const MOST_WAITING = 5_000;

/**
 * Tells the gateway what has reached this page, so that no phone rings for it; those of a moment together.
 *
 * As long as nobody can see the page, nothing has reached anybody: then they wait, and the phone may ring.
 */
export class Acks {
  readonly #send: (ids: string[]) => Promise<void>;
  readonly #isSeen: () => boolean;
  readonly #waiting = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #sending = false;

  constructor(send: (ids: string[]) => Promise<void>, isSeen: () => boolean) {
    this.#send = send;
    this.#isSeen = isSeen;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Of more than can wait, the oldest is given up: its phone has rung long ago. */
  add(ids: Iterable<string>): void {
    for (const id of ids) {
      this.#waiting.add(id);
      const oldest = this.#waiting.values().next();
      if (this.#waiting.size > MOST_WAITING && !oldest.done) this.#waiting.delete(oldest.value);
    }
    this.goOn();
  }

  /** To be called when the page is seen again, and when the connection is back. */
  goOn(millis = GATHER_MILLIS): void {
    if (this.#timer !== null || this.#sending || this.#waiting.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#flush();
    }, millis);
  }

  async #flush(): Promise<void> {
    if (!this.#isSeen()) return;
    const ids = [...this.#waiting].slice(0, MOST_AT_ONCE);
    this.#sending = true;
    const done = await this.#send(ids).then(() => true, () => false);
    this.#sending = false;
    if (done) for (const id of ids) this.#waiting.delete(id);
    this.goOn(done ? GATHER_MILLIS : AGAIN_MILLIS);
  }
}
