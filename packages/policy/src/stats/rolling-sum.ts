/**
 * Counts what happened within the last `windowMs`, in a fixed number of buckets. Old buckets leave when someone looks,
 * however long no one did; the window is exact to one bucket.
 */
export class RollingSum {
  readonly #bucketMs: number;
  readonly #counts: number[];
  /** The place of the newest bucket in `#counts`, and which stretch of time it stands for. */
  #place = 0;
  #bucket = Number.NEGATIVE_INFINITY;
  #sum = 0;

  /** @param windowMs Length of the window in milliseconds. @param buckets How many parts it moves on by. */
  constructor(windowMs: number, buckets = 10) {
    this.#bucketMs = windowMs / buckets;
    this.#counts = new Array<number>(buckets).fill(0);
  }

  /** Counts one. */
  add(now: number): void {
    this.#advance(now);
    this.#counts[this.#place] = this.#at(this.#place) + 1;
    this.#sum++;
  }

  /** Takes the latest one that is still inside the window back. Whether there was one. */
  takeBack(now: number): boolean {
    this.#advance(now);
    if (this.#sum === 0) return false;
    const length = this.#counts.length;
    for (let back = 0; back < length; back++) {
      const place = (this.#place - back + length) % length;
      if (this.#at(place) === 0) continue;
      this.#counts[place] = this.#at(place) - 1;
      break;
    }
    this.#sum--;
    return true;
  }

  /** How many there are inside the window. */
  sum(now: number): number {
    this.#advance(now);
    return this.#sum;
  }

  #at(place: number): number {
    return this.#counts[place] as number;
  }

  #advance(now: number): void {
    const bucket = Math.floor(now / this.#bucketMs);
    const steps = bucket - this.#bucket;
    if (steps <= 0) return;
    this.#bucket = bucket;
    if (steps >= this.#counts.length) {
      this.#counts.fill(0);
      this.#sum = 0;
      return;
    }
    for (let step = 0; step < steps; step++) {
      this.#place = (this.#place + 1) % this.#counts.length;
      this.#sum -= this.#at(this.#place);
      this.#counts[this.#place] = 0;
    }
  }
}
