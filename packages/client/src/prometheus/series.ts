import type { BoundCounter, BoundHistogram } from '../metrics/meter.ts';

/** The labels of a series, by their Prometheus names; those that do not apply are left out. */
export type SeriesLabels = Readonly<Record<string, string>>;

/** One counter: a number that only grows. */
export class CounterSeries implements BoundCounter {
  readonly labels: SeriesLabels;
  value = 0;

  constructor(labels: SeriesLabels) {
    this.labels = labels;
  }

  add(amount: number): void {
    this.value += amount;
  }

  reset(): void {
    this.value = 0;
  }
}

/** One histogram: counts by bucket, and their sum. */
export class HistogramSeries implements BoundHistogram {
  readonly labels: SeriesLabels;
  /** The upper bounds of the buckets, rising; one more stands for all above. */
  readonly bounds: readonly number[];
  /** Of each bucket alone, and of what is above the last. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(labels: SeriesLabels, bounds: readonly number[]) {
    this.labels = labels;
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  record(value: number): void {
    const { bounds, counts } = this;
    let bucket = 0;
    // From below: most calls are quick, and there are few bounds.
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
    counts[bucket] = (counts[bucket] as number) + 1;
    this.sum += value;
  }

  reset(): void {
    this.counts.fill(0);
    this.sum = 0;
  }
}
