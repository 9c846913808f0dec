//! Many rings, few runs: a busy night rings the bell faster than anyone can read the board.

/**
 * Rings that arrive while a run waits or works become one more run. Two runs never overlap, and at least
 * `gapMs` lies between the end of one and the start of the next.
 */
export class Coalescer {
  readonly #run: () => Promise<void>;
  readonly #gapMs: number;
  #busy = false;
  #again = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(run: () => Promise<void>, gapMs: number) {
    this.#run = run;
    this.#gapMs = gapMs;
  }

  /** Runs now when idle, else once more later. */
  ring(): void {
    if (this.#isStopped) return;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    void this.#work();
  }

  /** No run starts after this. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #work(): Promise<void> {
    try {
      await this.#run();
    } finally {
      this.#timer = setTimeout(() => {
        this.#busy = false;
        if (this.#again) {
          this.#again = false;
          this.ring();
        }
      }, this.#gapMs);
    }
  }
}
