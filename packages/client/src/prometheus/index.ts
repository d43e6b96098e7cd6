export {
  type OtherNames,
  type PrometheusMetrics,
  type PrometheusMetricsOptions,
  type PrometheusRegistry,
  prometheusMetrics,
  prometheusMetricsDefaults,
} from './prometheus-metrics.ts';
