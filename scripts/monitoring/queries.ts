import { type MetricKey, metricDefinitions, prometheusName } from '@switchgear/client/metrics';

/** The name that a metric has in Prometheus. A typing mistake is an error here, not an empty panel at night. */
export function named(key: MetricKey): string {
  return prometheusName(metricDefinitions[key]);
}

/** Fates that are no good to a caller, and not the caller's own doing. */
export const badFates = 'throttled|refused|timed-out|unavailable|invalid|unauthenticated';

/** How often per second, by some labels. `where` narrows it down: `fate="ok"`. */
export function rate(key: MetricKey, by: readonly string[], where = '', window = '5m'): string {
  const definition = metricDefinitions[key];
  const name = definition.kind === 'histogram' ? `${named(key)}_count` : named(key);
  return `sum by (${by.join(', ')}) (rate(${name}${where === '' ? '' : `{${where}}`}[${window}]))`;
}

/** Which part of the calls to a target had one of some fates. */
export function shareOfFates(fates: string, where = '', window = '5m'): string {
  const some = [`fate=~"${fates}"`, ...(where === '' ? [] : [where])].join(', ');
  const all = rate('operationDuration', ['target'], where, window);
  return `${rate('operationDuration', ['target'], some, window)} / ${all}`;
}
