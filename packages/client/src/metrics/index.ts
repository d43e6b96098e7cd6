export { durationBuckets, type MetricDefinition, type MetricKey, metricDefinitions } from './definitions.ts';
export type { BoundCounter, BoundHistogram, LabelValues, Meter, SetGauge } from './meter.ts';
export { MetricNames } from './metric-names.ts';
export { prometheusLabel, prometheusName } from './prometheus-name.ts';
export { type MeasuredClient, recordMetrics } from './record-metrics.ts';
