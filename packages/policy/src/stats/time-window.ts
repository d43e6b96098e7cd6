import type { OutcomeTally, OutcomeWindow } from './outcome-window.ts';

/** What stands where in a bucket. Slow calls have places only in a window that is asked to count them. */
const failuresAt = 1;
const slowAt = 2;
const slowFailuresAt = 3;
const plainWidth = 2;
const slowWidth = 4;

/** How a time window is made, where that is not left to it. */
export interface TimeWindowShape {
  /** How many parts it moves on by: a whole number, at least 1. @default 10 */
  readonly buckets?: number;
  /** Whether it counts slow calls, which takes more room. @default false */
  readonly countsSlow?: boolean;
}

/**
 * The outcomes of the last `windowMs`, kept as sums per bucket, so that a million calls take no more room than ten.
 * A bucket leaves as a whole: an outcome counts for at least `windowMs` less one bucket, and never for longer than
 * `windowMs`. Constant work per outcome; after an idle time, at most one step per bucket.
 */
export class TimeWindow implements OutcomeWindow {
  calls = 0;
  failures = 0;
  slow = 0;
  slowFailures = 0;
  readonly #bucketMs: number;
  /**
   * The sums of each bucket, in turn. A plain array of small numbers takes half the room of a typed array at this size,
   * and there is one per breaker.
   */
  readonly #counts: number[];
  /** Places per bucket. */
  readonly #width: number;
  /** Which stretch of time the newest bucket stands for, counted in buckets since the clock's zero. */
  #newest: number;
  /** Where the newest bucket stands in `#counts`. */
  #at = 0;

  /** @param now Monotonic milliseconds at the beginning. */
  constructor(windowMs: number, now: number, { buckets = 10, countsSlow = false }: TimeWindowShape = {}) {
    this.#bucketMs = windowMs / buckets;
    this.#width = countsSlow ? slowWidth : plainWidth;
    this.#counts = new Array<number>(this.#width * buckets).fill(0);
    this.#newest = Math.floor(now / this.#bucketMs);
  }

  record(failed: boolean, now: number, slow = false): void {
    this.expire(now);
    const at = this.#at;
    this.calls++;
    this.#add(at, 1);
    if (failed) {
      this.failures++;
      this.#add(at + failuresAt, 1);
    }
    if (!slow || this.#width === plainWidth) return;
    this.slow++;
    this.#add(at + slowAt, 1);
    if (!failed) return;
    this.slowFailures++;
    this.#add(at + slowFailuresAt, 1);
  }

  recordUnfinished(now: number): number {
    this.record(false, now, true);
    return this.#newest;
  }

  /** Out of the bucket it was counted in, if that is still there, and into the newest. */
  settle(mark: number, failed: boolean, now: number): void {
    const back = (this.#newest - mark) * this.#width;
    if (back < this.#counts.length) {
      const at = (this.#at - back + this.#counts.length) % this.#counts.length;
      this.calls--;
      this.slow--;
      this.#add(at, -1);
      this.#add(at + slowAt, -1);
    }
    this.record(failed, now, true);
  }

  take(tally: OutcomeTally, now: number): void {
    this.expire(now);
    this.#take(tally, 0);
  }

  /** These outcomes in a window of another length or shape. What moves is taken for as old as its bucket may make it. */
  resized(windowMs: number, now: number, shape: TimeWindowShape = {}): TimeWindow {
    this.expire(now);
    const window = new TimeWindow(windowMs, now, shape);
    const { length } = this.#counts;
    for (let back = length - this.#width; back >= 0; back -= this.#width) {
      const at = (this.#at - back + length) % length;
      const began = (this.#newest - back / this.#width) * this.#bucketMs;
      window.#take(this.#tallyAt(at), window.#newest - Math.floor(began / window.#bucketMs));
    }
    return window;
  }

  expire(now: number): void {
    const newest = Math.floor(now / this.#bucketMs);
    const passed = newest - this.#newest;
    if (passed <= 0) return;
    this.#newest = newest;
    if (this.#width * passed < this.#counts.length) this.#move(passed);
    else this.#clear();
  }

  /** Goes on by some buckets, each taking the place of the oldest. */
  #move(buckets: number): void {
    const counts = this.#counts;
    const width = this.#width;
    let at = this.#at;
    for (let i = 0; i < buckets; i++) {
      at = at + width === counts.length ? 0 : at + width;
      const { calls, failures, slow, slowFailures } = this.#tallyAt(at);
      this.calls -= calls;
      this.failures -= failures;
      this.slow -= slow;
      this.slowFailures -= slowFailures;
      counts.fill(0, at, at + width);
    }
    this.#at = at;
  }

  /** Adds to the bucket so many back from the newest, if there is one. */
  #take({ calls, failures, slow, slowFailures }: OutcomeTally, bucketsBack: number): void {
    const { length } = this.#counts;
    const back = bucketsBack * this.#width;
    if (back >= length) return;
    const at = (this.#at - back + length) % length;
    this.calls += calls;
    this.failures += failures;
    this.#add(at, calls);
    this.#add(at + failuresAt, failures);
    if (this.#width === plainWidth) return;
    this.slow += slow;
    this.slowFailures += slowFailures;
    this.#add(at + slowAt, slow);
    this.#add(at + slowFailuresAt, slowFailures);
  }

  #tallyAt(at: number): OutcomeTally {
    const counts = this.#counts;
    const calls = counts[at] as number;
    const failures = counts[at + failuresAt] as number;
    if (this.#width === plainWidth) return { calls, failures, slow: 0, slowFailures: 0 };
    return {
      calls,
      failures,
      slow: counts[at + slowAt] as number,
      slowFailures: counts[at + slowFailuresAt] as number,
    };
  }

  #add(at: number, many: number): void {
    const counts = this.#counts;
    counts[at] = (counts[at] as number) + many;
  }

  #clear(): void {
    this.#counts.fill(0);
    this.calls = 0;
    this.failures = 0;
    this.slow = 0;
    this.slowFailures = 0;
  }
}
