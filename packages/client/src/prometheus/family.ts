import type { MetricDefinition } from '../metrics/definitions.ts';
import type { GaugeReading } from '../metrics/gauge-readings.ts';
import type { LabelValues } from '../metrics/meter.ts';
import { prometheusLabel, prometheusName } from '../metrics/prometheus-name.ts';
import { CounterSeries, HistogramSeries, type SeriesLabels } from './series.ts';

/** One line of what is scraped. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Where it differs from the metric's own, as that of a histogram's buckets does. */
  readonly metricName?: string;
}

/** A metric, as a registry of the client library for Prometheus asks for it when it is scraped. */
export interface ScrapedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: MetricDefinition['kind'];
  /** What becomes of the values of several processes that are shown as one. */
  readonly aggregator: 'sum' | 'average';
  readonly values: readonly Sample[];
}

/**
 * One metric with all its series. This is the shape that registries of the client library keep: they ask for `get()` at
 * each scrape. What is counted between two scrapes is a number that is added to.
 */
export class Family {
  /** A registry that speaks OpenMetrics takes `_total` off it, and puts it back on its samples. */
  name: string;
  readonly help: string;
  readonly type: MetricDefinition['kind'];
  readonly aggregator: 'sum' | 'average';
  readonly #definition: MetricDefinition;
  readonly #labels: readonly string[];
  readonly #readGauges: () => Iterable<GaugeReading>;
  readonly #series = new Map<string, CounterSeries | HistogramSeries>();

  /** @param readGauges How the gauges of the family stand, where it is one of gauges. */
  constructor(definition: MetricDefinition, readGauges: () => Iterable<GaugeReading>) {
    this.#definition = definition;
    this.#labels = definition.labels.map(prometheusLabel);
    this.#readGauges = readGauges;
    this.name = prometheusName(definition);
    this.help = definition.help;
    this.type = definition.kind;
    this.aggregator = definition.unit === '1' ? 'average' : 'sum';
  }

  /** How many series there are: bounded, whatever is called. */
  get size(): number {
    return this.#series.size;
  }

  counter(values: LabelValues): CounterSeries {
    return this.#of(values, (labels) => new CounterSeries(labels)) as CounterSeries;
  }

  histogram(values: LabelValues): HistogramSeries {
    const { buckets = [] } = this.#definition;
    return this.#of(values, (labels) => new HistogramSeries(labels, buckets)) as HistogramSeries;
  }

  async get(): Promise<ScrapedMetric> {
    const { name, help, type, aggregator } = this;
    if (type === 'gauge') {
      this.#series.clear();
      for (const { labels, value } of this.#readGauges()) this.counter(labels).value = value;
    }
    const values = [...this.#series.values()].flatMap((series) => samplesOf(series, name));
    return { name, help, type, aggregator, values };
  }

  /** Begins to count anew, as registries of tests do. */
  reset(): void {
    for (const series of this.#series.values()) series.reset();
  }

  #of(values: LabelValues, make: (labels: SeriesLabels) => CounterSeries | HistogramSeries) {
    const key = JSON.stringify(values);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = make(this.#labelled(values));
      this.#series.set(key, series);
    }
    return series;
  }

  #labelled(values: LabelValues): SeriesLabels {
    const labels: Record<string, string> = {};
    for (const [i, label] of this.#labels.entries()) {
      const value = values[i];
      if (value !== undefined) labels[label] = value;
    }
    return labels;
  }
}

function samplesOf(series: CounterSeries | HistogramSeries, name: string): Sample[] {
  const { labels } = series;
  if (series instanceof CounterSeries) return [{ labels, value: series.value }];
  const samples: Sample[] = [];
  let count = 0;
  for (const [i, bound] of series.bounds.entries()) {
    count += series.counts[i] as number;
    samples.push({ labels: { ...labels, le: bound }, value: count, metricName: `${name}_bucket` });
  }
  count += series.counts[series.bounds.length] as number;
  samples.push({ labels: { ...labels, le: '+Inf' }, value: count, metricName: `${name}_bucket` });
  samples.push({ labels, value: series.sum, metricName: `${name}_sum` });
  samples.push({ labels, value: count, metricName: `${name}_count` });
  return samples;
}
