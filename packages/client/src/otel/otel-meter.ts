import type {
  Attributes,
  BatchObservableCallback,
  Counter,
  Histogram,
  ObservableGauge,
  Meter as OtelApiMeter,
} from '@opentelemetry/api';
import { type MetricDefinition, metricDefinitions } from '../metrics/definitions.ts';
import { readGauges } from '../metrics/gauge-readings.ts';
import type { BoundCounter, BoundHistogram, LabelValues, Meter, SetGauge } from '../metrics/meter.ts';

/** Labels whose values are numbers in the semantic conventions. */
const numeric: ReadonlySet<string> = new Set(['server.port', 'http.response.status_code']);

/** Hands measurements to a meter of OpenTelemetry. The attributes of a series are made once. */
export class OtelMeter implements Meter {
  readonly #meter: OtelApiMeter;
  readonly #counters = new Map<MetricDefinition, Counter>();
  readonly #histograms = new Map<MetricDefinition, Histogram>();
  readonly #gauges: ReadonlyMap<MetricDefinition, ObservableGauge>;
  readonly #reads = new Set<(set: SetGauge) => void>();
  readonly #observeAll: BatchObservableCallback;

  constructor(meter: OtelApiMeter) {
    this.#meter = meter;
    const gauges = Object.values(metricDefinitions).filter(({ kind }) => kind === 'gauge');
    this.#gauges = new Map(
      gauges.map((metric) => [
        metric,
        meter.createObservableGauge(metric.name, { unit: metric.unit, description: metric.help }),
      ]),
    );
    this.#observeAll = (result) => {
      for (const { metric, labels, value } of readGauges(this.#reads)) {
        result.observe(this.#gauges.get(metric) as ObservableGauge, value, attributesOf(metric, labels));
      }
    };
    meter.addBatchObservableCallback(this.#observeAll, [...this.#gauges.values()]);
  }

  counter(metric: MetricDefinition, labels: LabelValues): BoundCounter {
    let counter = this.#counters.get(metric);
    if (counter === undefined) {
      counter = this.#meter.createCounter(metric.name, { unit: metric.unit, description: metric.help });
      this.#counters.set(metric, counter);
    }
    const own = counter;
    const attributes = attributesOf(metric, labels);
    return { add: (amount) => own.add(amount, attributes) };
  }

  histogram(metric: MetricDefinition, labels: LabelValues): BoundHistogram {
    let histogram = this.#histograms.get(metric);
    if (histogram === undefined) {
      histogram = this.#meter.createHistogram(metric.name, {
        unit: metric.unit,
        description: metric.help,
        advice: { explicitBucketBoundaries: [...(metric.buckets ?? [])] },
      });
      this.#histograms.set(metric, histogram);
    }
    const own = histogram;
    const attributes = attributesOf(metric, labels);
    return { record: (value) => own.record(value, attributes) };
  }

  observe(read: (set: SetGauge) => void): () => void {
    const own: typeof read = (set) => read(set);
    this.#reads.add(own);
    return () => {
      this.#reads.delete(own);
    };
  }

  /** Observes no more. */
  close(): void {
    this.#meter.removeBatchObservableCallback(this.#observeAll, [...this.#gauges.values()]);
    this.#reads.clear();
  }
}

function attributesOf({ labels: names }: MetricDefinition, values: LabelValues): Attributes {
  const attributes: Attributes = {};
  for (const [i, name] of names.entries()) {
    const value = values[i];
    if (value !== undefined) attributes[name] = numeric.has(name) ? Number(value) : value;
  }
  return Object.freeze(attributes);
}
