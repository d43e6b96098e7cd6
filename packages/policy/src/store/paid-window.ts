const buckets = 10;

/**
 * Retries paid for within the last `windowMs`, in the same buckets as those of a `TimeWindow` of ten. What is given back
 * leaves the latest bucket that has some, so that none is below nothing: a window that forgets what was paid, and not what
 * was given back, would lend what no call has earned.
 */
export class PaidWindow {
  readonly #bucketMs: number;
  /** The newest last. */
  readonly #counts: number[] = new Array<number>(buckets).fill(0);
  #newest: number;

  /** @param now Monotonic milliseconds at the beginning. */
  constructor(windowMs: number, now: number) {
    this.#bucketMs = windowMs / buckets;
    this.#newest = Math.floor(now / this.#bucketMs);
  }

  sum(now: number): number {
    this.#advance(now);
    return this.#counts.reduce((total, count) => total + count, 0);
  }

  add(count: number, now: number): void {
    this.#advance(now);
    this.#counts[buckets - 1] = (this.#counts[buckets - 1] as number) + count;
  }

  /** How many of them could be given back. */
  giveBack(count: number, now: number): number {
    this.#advance(now);
    let left = count;
    for (let at = buckets - 1; at >= 0; at--) {
      const there = this.#counts[at] as number;
      this.#counts[at] = Math.max(0, there - left);
      left = Math.max(0, left - there);
    }
    return count - left;
  }

  #advance(now: number): void {
    const newest = Math.floor(now / this.#bucketMs);
    if (newest <= this.#newest) return;
    const passed = Math.min(buckets, newest - this.#newest);
    this.#newest = newest;
    this.#counts.splice(0, passed);
    for (let i = 0; i < passed; i++) this.#counts.push(0);
  }
}
