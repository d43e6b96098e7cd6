export type { HttpMode } from './http-mode.ts';
export { type OtelMetrics, type OtelMetricsOptions, otelMetrics, otelMetricsDefaults } from './otel-metrics.ts';
export { type OtelTracingOptions, otelTracing, otelTracingDefaults } from './otel-tracing.ts';
export { type UndiciHooks, undiciHooks } from './undici-hooks.ts';
