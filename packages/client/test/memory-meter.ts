import type { LabelValues, Meter, MetricDefinition, SetGauge } from '../src/metrics/index.ts';

/** Remembers measurements, for tests: each series by its name and labels. */
export class MemoryMeter implements Meter {
  readonly #counters = new Map<string, number>();
  readonly #histograms = new Map<string, number[]>();
  readonly #reads = new Set<(set: SetGauge) => void>();

  counter(metric: MetricDefinition, labels: LabelValues): { add(amount: number): void } {
    const key = keyOf(metric, labels);
    return { add: (amount) => void this.#counters.set(key, (this.#counters.get(key) ?? 0) + amount) };
  }

  histogram(metric: MetricDefinition, labels: LabelValues): { record(value: number): void } {
    const key = keyOf(metric, labels);
    return { record: (value) => void this.#histograms.set(key, [...(this.#histograms.get(key) ?? []), value]) };
  }

  observe(read: (set: SetGauge) => void): () => void {
    this.#reads.add(read);
    return () => void this.#reads.delete(read);
  }

  /** The counters of a metric that have counted anything, by their labels: `users getUser ok`. */
  counted({ name }: MetricDefinition): Record<string, number> {
    return ofName(name, this.#counters);
  }

  /** The values that the histograms of a metric were given, by their labels. */
  recorded({ name }: MetricDefinition): Record<string, number[]> {
    return ofName(name, this.#histograms);
  }

  /** How the gauges of a metric stand, by their labels. */
  gauges({ name }: MetricDefinition): Record<string, number> {
    const all = new Map<string, number>();
    for (const read of this.#reads) read((metric, labels, value) => void all.set(keyOf(metric, labels), value));
    return ofName(name, all);
  }
}

function keyOf({ name }: MetricDefinition, labels: LabelValues): string {
  return [name, ...labels.map((label) => label ?? '-')].join(' ');
}

function ofName<T>(name: string, series: ReadonlyMap<string, T>): Record<string, T> {
  const own = [...series].filter(([key]) => key.startsWith(`${name} `));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(name.length + 1), value]));
}
