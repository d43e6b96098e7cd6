/** Latencies below this many milliseconds are told apart from nothing. */
const lowestMs = 0.05;
/** Latencies above this many milliseconds, which is over an hour, count as this much. */
const highestMs = 4_000_000;
/** A quantile is at most this share off the latency that was recorded. */
const precision = 0.02;
const growth = (1 + precision) / (1 - precision);
const perBucket = 1 / Math.log(growth);
const logLowest = Math.log(lowestMs);
const size = Math.ceil((Math.log(highestMs) - logLowest) * perBucket) + 1;

/**
 * How latencies are spread, in a fixed room of 1.8 kB however many there are. Each bucket is 4 % wider than the one
 * before, so that a quantile is within 2 % of the true one whether calls take half a millisecond or half a minute.
 * Source: Masson, Rim and Lee, "DDSketch", VLDB 2019: the logarithmic buckets, without the growing store.
 */
export class LatencyHistogram {
  /** Latencies recorded. */
  count = 0;
  readonly #counts = new Uint32Array(size);

  /** Takes in a latency. One that is not a number is left out; one below 0 is the lowest there is. */
  record(ms: number): void {
    if (Number.isNaN(ms)) return;
    const at = bucketOf(ms);
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.count++;
  }

  /**
   * The latency that a share `q` of those recorded does not exceed; `undefined` while there are none. Walks the buckets
   * (about a quarter of a microsecond), so ask once in a while and not for every call.
   */
  quantile(q: number): number | undefined {
    if (this.count === 0) return undefined;
    const rank = Math.min(Math.max(Math.ceil(q * this.count), 1), this.count);
    const counts = this.#counts;
    let seen = 0;
    let at = 0;
    for (; at < size - 1; at++) {
      seen += counts[at] as number;
      if (seen >= rank) break;
    }
    return latencyOf(at);
  }

  /** Takes in all that another one holds. */
  add(other: LatencyHistogram): void {
    for (let i = 0; i < size; i++) this.#counts[i] = (this.#counts[i] as number) + (other.#counts[i] as number);
    this.count += other.count;
  }

  /** Takes out again what was added from another one. */
  subtract(other: LatencyHistogram): void {
    for (let i = 0; i < size; i++) this.#counts[i] = (this.#counts[i] as number) - (other.#counts[i] as number);
    this.count -= other.count;
  }

  /** Forgets everything. */
  clear(): void {
    if (this.count === 0) return;
    this.#counts.fill(0);
    this.count = 0;
  }
}

/**
 * How the latencies of the last `windowMs` are spread. They leave a part at a time: one counts for at least `windowMs`
 * less a part, and never for longer than `windowMs`. No timer: whoever asks says what time it is.
 */
export class WindowedHistogram {
  readonly #partMs: number;
  readonly #parts: readonly LatencyHistogram[];
  /** All parts together, so that a quantile walks one histogram. */
  readonly #all = new LatencyHistogram();
  /** Which stretch of time the newest part stands for, counted in parts since the clock's zero. */
  #newest: number;

  /** @param now Monotonic milliseconds at the beginning. @param parts A whole number of at least 1; 1.8 kB each. */
  constructor(windowMs: number, now: number, parts = 5) {
    this.#partMs = windowMs / parts;
    this.#parts = Array.from({ length: parts }, () => new LatencyHistogram());
    this.#newest = Math.floor(now / this.#partMs);
  }

  /** Takes in a latency that was measured now. */
  record(ms: number, now: number): void {
    this.#advance(now);
    this.#partOf(this.#newest).record(ms);
    this.#all.record(ms);
  }

  /** The latency that a share `q` of those inside the window does not exceed; `undefined` while there are none. */
  quantile(q: number, now: number): number | undefined {
    this.#advance(now);
    return this.#all.quantile(q);
  }

  /** Latencies inside the window. */
  count(now: number): number {
    this.#advance(now);
    return this.#all.count;
  }

  #partOf(stretch: number): LatencyHistogram {
    return this.#parts[stretch % this.#parts.length] as LatencyHistogram;
  }

  #advance(now: number): void {
    const newest = Math.floor(now / this.#partMs);
    const { length } = this.#parts;
    for (let passed = Math.max(this.#newest, newest - length); passed < newest; passed++) {
      const oldest = this.#partOf(passed + 1);
      if (oldest.count === 0) continue;
      this.#all.subtract(oldest);
      oldest.clear();
    }
    if (newest > this.#newest) this.#newest = newest;
  }
}

function bucketOf(ms: number): number {
  if (ms <= lowestMs) return 0;
  if (ms >= highestMs) return size - 1;
  return Math.ceil((Math.log(ms) - logLowest) * perBucket);
}

/** The value that is nearest, in proportion, to all that a bucket holds. */
function latencyOf(bucket: number): number {
  if (bucket === 0) return lowestMs;
  return (lowestMs * growth ** bucket * 2) / (growth + 1);
}
