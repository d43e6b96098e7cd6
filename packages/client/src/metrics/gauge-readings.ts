import type { MetricDefinition } from './definitions.ts';
import type { LabelValues, SetGauge } from './meter.ts';

/** How one gauge stands. */
export interface GaugeReading {
  readonly metric: MetricDefinition;
  readonly labels: LabelValues;
  value: number;
}

/**
 * Asks all who know how gauges stand. What several say of the same one is put together: what is counted adds up, and of
 * shares and states the larger is taken.
 */
export function readGauges(reads: Iterable<(set: SetGauge) => void>, only?: MetricDefinition): Iterable<GaugeReading> {
  const readings = new Map<string, GaugeReading>();
  const set: SetGauge = (metric, labels, value) => {
    if (only !== undefined && metric !== only) return;
    const key = JSON.stringify([metric.name, ...labels]);
    const known = readings.get(key);
    if (known === undefined) readings.set(key, { metric, labels, value });
    else known.value = metric.unit === '1' ? Math.max(known.value, value) : known.value + value;
  };
  for (const read of reads) read(set);
  return readings.values();
}
