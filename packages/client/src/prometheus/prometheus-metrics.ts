import { ConfigError } from '@switchgear/policy';
import { type Check, readOptions, required, whole } from '@switchgear/policy/options';
import { type MetricDefinition, metricDefinitions } from '../metrics/definitions.ts';
import type { Meter } from '../metrics/meter.ts';
import { defaultMaxNames, MetricNames } from '../metrics/metric-names.ts';
import { type MeasuredClient, recordMetrics } from '../metrics/record-metrics.ts';
import { articleDefinitions, recordArticleNames } from './names/article-names.ts';
import { recordResilience4jNames, resilience4jDefinitions } from './names/resilience4j-names.ts';
import { PrometheusMeter } from './prometheus-meter.ts';

/**
 * The part of a client library's registry that is used: `Registry` of `@prometheus-io/client` has it, and so has that of
 * `prom-client`, which it comes from.
 */
export interface PrometheusRegistry {
  registerMetric(metric: never): void;
  removeSingleMetric(name: string): void;
}

/** Other names that the same is told under. */
export type OtherNames = 'article' | 'resilience4j';

export interface PrometheusMetricsOptions {
  /** What is scraped: `new Registry()` of `@prometheus-io/client` or of `prom-client`, or the one that you have. */
  readonly registry: PrometheusRegistry;
  /**
   * Tells the same under other names as well, so that boards that exist go on working: `article` is what a hand-written
   * client usually has (`http_requests_total`, `circuit_breaker_opened`, …), `resilience4j` what Micrometer makes of it.
   * @default []
   */
  readonly alsoAs?: readonly OtherNames[];
  /**
   * How many targets, operations, paths, hosts and breakers are told apart, of each; whatever comes after that is
   * `_other`. @default 200
   */
  readonly maxNames?: number;
}

/** What `prometheusMetrics` takes when it is told nothing. */
export const prometheusMetricsDefaults: {
  readonly alsoAs: readonly OtherNames[];
  readonly maxNames: number;
} = Object.freeze({ alsoAs: [], maxNames: defaultMaxNames });

/** Metrics in a registry. */
export interface PrometheusMetrics {
  /**
   * Measures a client from now on, until the returned function is called. What has been counted stays; how its policies
   * stand is no longer told.
   */
  watch(client: MeasuredClient): () => void;
  /** Stops measuring, and takes all of it out of the registry. */
  close(): void;
}

type Record = (client: MeasuredClient, meter: Meter, names: MetricNames) => () => void;

const sets: Readonly<{ [Name in OtherNames]: { definitions: readonly MetricDefinition[]; record: Record } }> = {
  article: { definitions: articleDefinitions, record: recordArticleNames },
  resilience4j: { definitions: resilience4jDefinitions, record: recordResilience4jNames },
};

const registryCheck: Check<PrometheusRegistry> = {
  expected: 'a Registry of @prometheus-io/client or prom-client',
  ok: (value): value is PrometheusRegistry => {
    const { registerMetric, removeSingleMetric } = (value ?? {}) as Partial<PrometheusRegistry>;
    return typeof registerMetric === 'function' && typeof removeSingleMetric === 'function';
  },
};

const otherNames: Check<readonly OtherNames[]> = {
  expected: `a list of ${Object.keys(sets).join(', ')}`,
  ok: (value): value is readonly OtherNames[] =>
    Array.isArray(value) && value.every((name) => typeof name === 'string' && Object.hasOwn(sets, name)),
};

/**
 * Puts the metrics of clients into a registry of the client library for Prometheus, which renders them, beside whatever
 * else it holds. A measurement is an addition to a number; labels are bound once, and all else is done when it is scraped.
 * @throws ConfigError with a path such as `prometheusMetrics.registry`; what the registry throws if it has such metrics.
 */
export function prometheusMetrics(options: PrometheusMetricsOptions): PrometheusMetrics {
  const { alsoAs, maxNames, registry } = readOptions(
    'prometheusMetrics',
    options,
    { registry: required(registryCheck), alsoAs: otherNames, maxNames: whole(1, 100_000) },
    prometheusMetricsDefaults,
  );
  const others = [...new Set(alsoAs)].map((name) => sets[name]);
  const own: readonly MetricDefinition[] = Object.values(metricDefinitions);
  const meter = new PrometheusMeter([...own, ...others.flatMap(({ definitions }) => definitions)]);
  const names = new MetricNames(maxNames);
  // By the names that they have now: one that speaks OpenMetrics changes them later, and knows them by these.
  const registered: string[] = [];
  const remove = (): void => {
    for (const name of registered.splice(0)) registry.removeSingleMetric(name);
  };
  try {
    for (const family of meter.families) {
      const { name } = family;
      registry.registerMetric(family as never);
      registered.push(name);
    }
  } catch (error) {
    remove();
    throw error;
  }
  const watched = new Set<() => void>();
  let closed = false;
  return {
    watch(client) {
      if (closed) throw new ConfigError('prometheusMetrics.watch', 'metrics that have not been closed', 'closed ones');
      const stops = [recordMetrics(client, meter, names), ...others.map(({ record }) => record(client, meter, names))];
      const stop = (): void => {
        watched.delete(stop);
        for (const each of stops.splice(0)) each();
      };
      watched.add(stop);
      return stop;
    },
    close() {
      closed = true;
      for (const stop of watched) stop();
      remove();
    },
  };
}
