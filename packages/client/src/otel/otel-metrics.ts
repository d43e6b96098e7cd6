import { metrics, type Meter as OtelApiMeter } from '@opentelemetry/api';
import { ConfigError } from '@switchgear/policy';
import { type Check, readOptions, whole } from '@switchgear/policy/options';
import { defaultMaxNames, MetricNames } from '../metrics/metric-names.ts';
import { type MeasuredClient, recordMetrics } from '../metrics/record-metrics.ts';
import { type HttpMode, httpMode, isOurs } from './http-mode.ts';
import { OtelMeter } from './otel-meter.ts';
import { scopeName } from './scope.ts';

export interface OtelMetricsOptions {
  /** What measurements are handed to. @default that of the global meter provider */
  readonly meter?: OtelApiMeter;
  /** Who measures `http.client.request.duration`; the same as for the spans of requests. @default 'auto' */
  readonly http?: HttpMode;
  /**
   * How many targets, operations, paths, hosts and breakers are told apart, of each; whatever comes after that is
   * `_other`. @default 200
   */
  readonly maxNames?: number;
}

/** What `otelMetrics` takes when it is told nothing. */
export const otelMetricsDefaults: { readonly http: HttpMode; readonly maxNames: number } = Object.freeze({
  http: 'auto',
  maxNames: defaultMaxNames,
});

/** Metrics in a meter of OpenTelemetry. */
export interface OtelMetrics {
  /**
   * Measures a client from now on, until the returned function is called. What has been counted stays; how its policies
   * stand is no longer told.
   */
  watch(client: MeasuredClient): () => void;
  /** Stops measuring. */
  close(): void;
}

const aMeter: Check<OtelApiMeter> = {
  expected: 'a Meter of OpenTelemetry',
  ok: (value): value is OtelApiMeter => typeof (value as OtelApiMeter | null)?.createHistogram === 'function',
};

/**
 * Measures clients with OpenTelemetry: their own metrics under `switchgear.`, and `http.client.request.duration` of each
 * request as the semantic conventions have it.
 * @throws ConfigError with a path such as `otelMetrics.http`.
 */
export function otelMetrics(options: OtelMetricsOptions = {}): OtelMetrics {
  const read = readOptions(
    'otelMetrics',
    options,
    { meter: aMeter, http: httpMode, maxNames: whole(1, 100_000) },
    otelMetricsDefaults,
  );
  const meter = new OtelMeter(read.meter ?? metrics.getMeter(scopeName));
  const names = new MetricNames(read.maxNames);
  const watched = new Set<() => void>();
  let closed = false;
  return {
    watch(client) {
      if (closed) throw new ConfigError('otelMetrics.watch', 'metrics that have not been closed', 'closed ones');
      const unwatch = recordMetrics(client, meter, names, () => isOurs(read.http));
      const stop = (): void => {
        if (watched.delete(stop)) unwatch();
      };
      watched.add(stop);
      return stop;
    },
    close() {
      closed = true;
      for (const stop of watched) stop();
      meter.close();
    },
  };
}
