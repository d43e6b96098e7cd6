import type { OutcomeWindow } from './outcome-window.ts';

/**
 * The outcomes of the last `windowMs`, kept as sums per bucket, so that a million calls take no more room than ten.
 * A bucket leaves as a whole: an outcome counts for at least `windowMs` less one bucket, and never for longer than
 * `windowMs`. Constant work per outcome; after an idle time, at most one step per bucket.
 */
export class TimeWindow implements OutcomeWindow {
  calls = 0;
  failures = 0;
  readonly #bucketMs: number;
  /**
   * Calls and failures of each bucket, in turn. A plain array of small numbers takes half the room of a typed array at
   * this size, and there is one per breaker.
   */
  readonly #counts: number[];
  /** Which stretch of time the newest bucket stands for, counted in buckets since the clock's zero. */
  #newest: number;
  /** Where the newest bucket stands in `#counts`. */
  #at = 0;

  /** @param now Monotonic milliseconds at the beginning. @param buckets A whole number, at least 1. */
  constructor(windowMs: number, now: number, buckets = 10) {
    this.#bucketMs = windowMs / buckets;
    this.#counts = new Array<number>(2 * buckets).fill(0);
    this.#newest = Math.floor(now / this.#bucketMs);
  }

  record(failed: boolean, now: number): void {
    this.expire(now);
    const counts = this.#counts;
    const at = this.#at;
    counts[at] = (counts[at] as number) + 1;
    this.calls++;
    if (!failed) return;
    counts[at + 1] = (counts[at + 1] as number) + 1;
    this.failures++;
  }

  expire(now: number): void {
    const newest = Math.floor(now / this.#bucketMs);
    const passed = newest - this.#newest;
    if (passed <= 0) return;
    this.#newest = newest;
    if (2 * passed < this.#counts.length) this.#move(passed);
    else this.#clear();
  }

  /** Goes on by some buckets, each taking the place of the oldest. */
  #move(buckets: number): void {
    const counts = this.#counts;
    let at = this.#at;
    for (let i = 0; i < buckets; i++) {
      at = at + 2 === counts.length ? 0 : at + 2;
      this.calls -= counts[at] as number;
      this.failures -= counts[at + 1] as number;
      counts[at] = 0;
      counts[at + 1] = 0;
    }
    this.#at = at;
  }

  #clear(): void {
    this.#counts.fill(0);
    this.calls = 0;
    this.failures = 0;
  }
}
