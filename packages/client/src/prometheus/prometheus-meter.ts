import type { MetricDefinition } from '../metrics/definitions.ts';
import { readGauges } from '../metrics/gauge-readings.ts';
import type { BoundCounter, BoundHistogram, LabelValues, Meter, SetGauge } from '../metrics/meter.ts';
import { Family } from './family.ts';

/** Keeps measurements until they are scraped: a family per metric, handed to a registry when it is made. */
export class PrometheusMeter implements Meter {
  readonly #families = new Map<MetricDefinition, Family>();
  readonly #reads = new Set<(set: SetGauge) => void>();

  /** @param definitions All metrics there will be, so that each has its help even before its first series. */
  constructor(definitions: readonly MetricDefinition[]) {
    for (const definition of definitions) {
      this.#families.set(definition, new Family(definition, () => readGauges(this.#reads, definition)));
    }
  }

  get families(): readonly Family[] {
    return [...this.#families.values()];
  }

  counter(metric: MetricDefinition, labels: LabelValues): BoundCounter {
    return this.#of(metric).counter(labels);
  }

  histogram(metric: MetricDefinition, labels: LabelValues): BoundHistogram {
    return this.#of(metric).histogram(labels);
  }

  observe(read: (set: SetGauge) => void): () => void {
    const own: typeof read = (set) => read(set);
    this.#reads.add(own);
    return () => {
      this.#reads.delete(own);
    };
  }

  #of(metric: MetricDefinition): Family {
    return this.#families.get(metric) as Family;
  }
}
