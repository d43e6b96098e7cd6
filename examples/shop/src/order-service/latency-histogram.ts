/** Each bucket ends 1.1 times as high as the one before: a quantile read from them is off by a tenth at most. */
const GROWTH = 1.1;
const FIRST_END_MS = 0.1;
/** The last bucket with an end reaches beyond a minute; a longer call lands in one without. */
const BUCKETS = Math.ceil(Math.log(100_000 / FIRST_END_MS) / Math.log(GROWTH));
const ENDS_MS = Float64Array.from({ length: BUCKETS }, (_, index) => FIRST_END_MS * GROWTH ** index);

/** Counts durations in buckets of growing width: a fixed size, whatever the traffic. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS + 1);
  #count = 0;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** The longest of all, exact; 0 when there is none. */
  get maxMs(): number {
    return this.#maxMs;
  }

  record(ms: number): void {
    const bucket = ms <= FIRST_END_MS ? 0 : Math.ceil(Math.log(ms / FIRST_END_MS) / Math.log(GROWTH) - 1e-9);
    const place = Math.min(bucket, BUCKETS);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#count += 1;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  /** The end of the bucket that holds the share's last duration, at most the longest; null when nothing was recorded. */
  quantileMs(share: number): number | null {
    if (this.#count === 0) return null;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return Math.min(ENDS_MS[bucket] ?? this.#maxMs, this.#maxMs);
    }
    return this.#maxMs;
  }
}
