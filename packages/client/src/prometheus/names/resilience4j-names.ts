import { type BreakerSnapshot, type BreakerState, RefusedError, type VerdictKind } from '@switchgear/policy';
import type { ClientEvent } from '../../events.ts';
import { ByValue } from '../../metrics/by-value.ts';
import { durationBuckets, type MetricDefinition } from '../../metrics/definitions.ts';
import type { Meter, SetGauge } from '../../metrics/meter.ts';
import type { MetricNames } from '../../metrics/metric-names.ts';
import type { MeasuredClient } from '../../metrics/record-metrics.ts';

function definition(
  name: string,
  kind: MetricDefinition['kind'],
  labels: readonly string[],
  help: string,
  unit = '',
): MetricDefinition {
  const buckets = kind === 'histogram' ? { buckets: durationBuckets } : {};
  return Object.freeze({ name: `resilience4j_${name}`, kind, unit, help, labels, ...buckets });
}

const named = ['name'] as const;
const ofKind = ['name', 'kind'] as const;

const calls = definition('circuitbreaker_calls_seconds', 'histogram', ofKind, 'Attempts, by how the breaker took them');
const notPermitted = definition(
  'circuitbreaker_not_permitted_calls_total',
  'counter',
  ofKind,
  'Attempts that the breaker refused',
);
const state = definition('circuitbreaker_state', 'gauge', ['name', 'state'], 'The states of the breaker', '1');
const buffered = definition('circuitbreaker_buffered_calls', 'gauge', ofKind, 'Calls in the window of the breaker');
const slowCalls = definition('circuitbreaker_slow_calls', 'gauge', ofKind, 'Slow calls in the window of the breaker');
const failureRate = definition(
  'circuitbreaker_failure_rate',
  'gauge',
  named,
  'Failures in the window, in percent',
  '1',
);
const slowRate = definition(
  'circuitbreaker_slow_call_rate',
  'gauge',
  named,
  'Slow calls in the window, in percent',
  '1',
);
const available = definition(
  'bulkhead_available_concurrent_calls',
  'gauge',
  named,
  'Places of the bulkhead that are free',
);
const allowed = definition('bulkhead_max_allowed_concurrent_calls', 'gauge', named, 'Places that the bulkhead has');
const retryCalls = definition('retry_calls_total', 'counter', ofKind, 'Calls, by whether they were sent again');
const timeLimited = definition('timelimiter_calls_total', 'counter', ofKind, 'Calls, by whether their time was up');

/** The names that Micrometer gives to what resilience4j measures, as its boards for Grafana have them. */
export const resilience4jDefinitions: readonly MetricDefinition[] = [
  calls,
  notPermitted,
  state,
  buffered,
  slowCalls,
  failureRate,
  slowRate,
  available,
  allowed,
  retryCalls,
  timeLimited,
];

const heard: readonly ClientEvent['type'][] = ['attempt.finished', 'call.finished', 'call.refused'];

type CallKind = 'successful' | 'failed' | 'ignored';

const kinds: Readonly<Record<VerdictKind, CallKind>> = {
  success: 'successful',
  failure: 'failed',
  throttled: 'ignored',
  ignored: 'ignored',
};

/** Its names for our states; `metrics_only` is a breaker that judges and never refuses. */
const states = ['closed', 'open', 'half_open', 'forced_open', 'disabled', 'metrics_only'] as const;

const stateNames: Readonly<Record<BreakerState, (typeof states)[number]>> = {
  closed: 'closed',
  open: 'open',
  'half-open': 'half_open',
  isolated: 'forced_open',
};

/** Measures a client under those names. */
export function recordResilience4jNames(client: MeasuredClient, meter: Meter, names: MetricNames): () => void {
  const name = names.target.admit(client.target);
  const durations = new ByValue((kind: CallKind) => meter.histogram(calls, [name, kind]));
  const refused = meter.counter(notPermitted, [name, 'not_permitted']);
  const ends = new ByValue((kind: string) => meter.counter(retryCalls, [name, kind]));
  const timed = new ByValue((kind: string) => meter.counter(timeLimited, [name, kind]));
  const unsubscribe = client.on((event) => {
    if (event.type === 'call.refused') {
      if (event.reason.startsWith('circuit-')) refused.add(1);
    } else if (event.type === 'attempt.finished') {
      // What a gate turned away is no call to its breaker.
      if (!(event.error instanceof RefusedError)) durations.get(kinds[event.verdict]).record(event.durationMs / 1_000);
    } else if (event.type === 'call.finished') {
      const good = event.fate.startsWith('ok') || event.fate === 'cached' || event.fate === 'stale';
      ends.get(`${good ? 'successful' : 'failed'}_${event.retries > 0 ? 'with' : 'without'}_retry`).add(1);
      timed.get(event.fate === 'timed-out' ? 'timeout' : good ? 'successful' : 'failed').add(1);
    }
  }, heard);
  const unobserve = meter.observe((set) => {
    const { breaker, bulkhead, hosts } = client.snapshot();
    for (const each of hosts?.map((host) => host.breaker) ?? [breaker]) {
      readBreaker(each, names.breaker.admit(each.name), set);
    }
    set(available, [name], Math.max(0, bulkhead.maxConcurrent - bulkhead.active));
    set(allowed, [name], bulkhead.maxConcurrent);
  });
  return () => {
    unsubscribe();
    unobserve();
  };
}

function readBreaker(snapshot: BreakerSnapshot, name: string, set: SetGauge): void {
  const { bad, failures, mode, slow } = snapshot;
  const now = mode === 'disabled' ? 'disabled' : mode === 'shadow' ? 'metrics_only' : stateNames[snapshot.state];
  for (const each of states) set(state, [name, each], each === now ? 1 : 0);
  set(buffered, [name, 'failed'], failures);
  set(buffered, [name, 'successful'], snapshot.calls - failures);
  // Bad ones failed or were slow, so those that were both are counted twice in the two.
  const slowFailures = failures + slow - bad;
  set(slowCalls, [name, 'failed'], slowFailures);
  set(slowCalls, [name, 'successful'], slow - slowFailures);
  // It says -1 where a window holds too little to judge by, and an empty one is that.
  set(failureRate, [name], snapshot.calls === 0 ? -1 : snapshot.failureRatio * 100);
  set(slowRate, [name], snapshot.calls === 0 ? -1 : (slow / snapshot.calls) * 100);
}
