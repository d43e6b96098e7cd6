import type { MetricDefinition } from './definitions.ts';

/** The values of a metric's labels, in the order of its `labels`; `undefined` where one does not apply. */
export type LabelValues = readonly (string | undefined)[];

/** A counter with its labels. */
export interface BoundCounter {
  add(amount: number): void;
}

/** A histogram with its labels. */
export interface BoundHistogram {
  record(value: number): void;
}

/** Says what a gauge stands at. */
export type SetGauge = (metric: MetricDefinition, labels: LabelValues, value: number) => void;

/**
 * Keeps measurements. What is measured often is bound to its labels once and then only counted, so that a measurement
 * makes no object and looks nothing up.
 */
export interface Meter {
  counter(metric: MetricDefinition, labels: LabelValues): BoundCounter;
  histogram(metric: MetricDefinition, labels: LabelValues): BoundHistogram;
  /** Asks how gauges stand whenever somebody wants to know, until the returned function is called. */
  observe(read: (set: SetGauge) => void): () => void;
}
