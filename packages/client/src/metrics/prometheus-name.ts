import type { MetricDefinition } from './definitions.ts';

/**
 * The name by which Prometheus knows a metric: underscores for dots, the unit of time spelled out, `_total` on a
 * counter. What the exporters of OpenTelemetry make of it is the same, so that a board serves both. A name without a
 * dot is one of Prometheus already.
 */
export function prometheusName({ name, kind, unit }: MetricDefinition): string {
  if (!name.includes('.')) return name;
  const base = name.replaceAll('.', '_');
  const withUnit = unit === 's' ? `${base}_seconds` : base;
  return kind === 'counter' ? `${withUnit}_total` : withUnit;
}

/** The name of a label, which may have no dots. */
export function prometheusLabel(label: string): string {
  return label.replaceAll('.', '_');
}
