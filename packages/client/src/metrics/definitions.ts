/** What a metric is, whoever keeps it. */
export interface MetricDefinition {
  /** As OpenTelemetry writes names, such as `switchgear.operation.duration`. */
  readonly name: string;
  readonly kind: 'counter' | 'histogram' | 'gauge';
  /** In UCUM: `s`, `1` for a share, or what is counted in braces, such as `{call}`. */
  readonly unit: string;
  /** What it says, in a sentence without a full stop. */
  readonly help: string;
  /** The names of its labels. */
  readonly labels: readonly string[];
  /** Of a histogram: the upper bounds of its buckets, rising. */
  readonly buckets?: readonly number[];
}

/**
 * The bounds that OpenTelemetry's semantic conventions advise for `http.client.request.duration`, in seconds. What we
 * measure ourselves has the same, so that the two can be laid over each other.
 */
export const durationBuckets: readonly number[] = Object.freeze([
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]);

/** Most calls are sent again once or twice at most. */
const retryBuckets: readonly number[] = Object.freeze([1, 2, 3, 4, 5]);

function histogram(
  name: string,
  unit: string,
  labels: readonly string[],
  buckets: readonly number[],
  help: string,
): MetricDefinition {
  return Object.freeze({ name, kind: 'histogram', unit, help, labels, buckets });
}

function counter(name: string, unit: string, labels: readonly string[], help: string): MetricDefinition {
  return Object.freeze({ name, kind: 'counter', unit, help, labels });
}

function gauge(name: string, unit: string, labels: readonly string[], help: string): MetricDefinition {
  return Object.freeze({ name, kind: 'gauge', unit, help, labels });
}

const ofOperation = ['target', 'operation'] as const;
const ofBreaker = ['target', 'breaker'] as const;

/** What each metric is called in code. */
export type MetricKey =
  | 'operationDuration'
  | 'operationsInFlight'
  | 'operationTime'
  | 'operationRetries'
  | 'operationRetryDelay'
  | 'attempts'
  | 'retryStops'
  | 'retryBudgetTokens'
  | 'rejections'
  | 'breakerState'
  | 'breakerTransitions'
  | 'breakerFailureRatio'
  | 'breakerSlowRatio'
  | 'breakerWindowCalls'
  | 'breakerAdmittedShare'
  | 'bulkheadInFlight'
  | 'bulkheadLimit'
  | 'bulkheadQueued'
  | 'bulkheadQueueLimit'
  | 'hedges'
  | 'cacheLookups'
  | 'authRefreshes'
  | 'hosts'
  | 'hostEjections'
  | 'faultsInjected'
  | 'requestDuration';

/**
 * Every metric there is, in the order in which a person on call asks: what callers get, what it takes, who is turned
 * away and why, and how the policies stand.
 */
export const metricDefinitions: Readonly<Record<MetricKey, MetricDefinition>> = Object.freeze({
  operationDuration: histogram(
    'switchgear.operation.duration',
    's',
    [...ofOperation, 'fate'],
    durationBuckets,
    'How long calls took, by how they ended; every call has exactly one fate',
  ),
  operationsInFlight: gauge(
    'switchgear.operation.in_flight',
    '{call}',
    ['target'],
    'Calls that have begun and not ended',
  ),
  operationTime: counter(
    'switchgear.operation.time',
    's',
    ['target', 'phase'],
    'The time of all calls, by where it went; the phases of a call add up to its duration',
  ),
  operationRetries: histogram(
    'switchgear.operation.retries',
    '{retry}',
    ofOperation,
    retryBuckets,
    'How often calls were sent again, of those that were',
  ),
  operationRetryDelay: histogram(
    'switchgear.operation.retry_delay',
    's',
    ofOperation,
    durationBuckets,
    'How long calls waited between attempts, of those that did',
  ),
  attempts: counter(
    'switchgear.attempts',
    '{attempt}',
    [...ofOperation, 'kind', 'result'],
    'Requests that were made, by why and by what came of them',
  ),
  retryStops: counter(
    'switchgear.retry.stops',
    '{call}',
    [...ofOperation, 'reason'],
    'Failed calls that were not sent again, by why not',
  ),
  retryBudgetTokens: gauge(
    'switchgear.retry_budget.tokens',
    '{retry}',
    ['target'],
    'Retries and hedges that the budget would pay for now',
  ),
  rejections: counter(
    'switchgear.rejections',
    '{rejection}',
    ['target', 'reason'],
    'Calls and attempts that a policy turned away before anything was sent, by which rule',
  ),
  breakerState: gauge(
    'switchgear.breaker.state',
    '1',
    [...ofBreaker, 'state'],
    '1 for the state that a breaker is in, 0 for the others',
  ),
  breakerTransitions: counter(
    'switchgear.breaker.transitions',
    '{transition}',
    [...ofBreaker, 'to', 'cause'],
    'Changes of the state of a breaker, by what made it change',
  ),
  breakerFailureRatio: gauge(
    'switchgear.breaker.failure_ratio',
    '1',
    ofBreaker,
    'The share of failures among the calls that a breaker judges by',
  ),
  breakerSlowRatio: gauge(
    'switchgear.breaker.slow_ratio',
    '1',
    ofBreaker,
    'The share of slow calls among those that a breaker judges by',
  ),
  breakerWindowCalls: gauge(
    'switchgear.breaker.window_calls',
    '{call}',
    ofBreaker,
    'Calls that a breaker judges by: those in its window, or its probes',
  ),
  breakerAdmittedShare: gauge(
    'switchgear.breaker.admitted_share',
    '1',
    ofBreaker,
    'The share of calls that a breaker lets in: below 1 while open, testing, or ramping up',
  ),
  bulkheadInFlight: gauge(
    'switchgear.bulkhead.in_flight',
    '{call}',
    ['target'],
    'Places of the bulkhead that are taken',
  ),
  bulkheadLimit: gauge('switchgear.bulkhead.limit', '{call}', ['target'], 'Places that the bulkhead has'),
  bulkheadQueued: gauge('switchgear.bulkhead.queued', '{call}', ['target'], 'Calls that wait for a place'),
  bulkheadQueueLimit: gauge('switchgear.bulkhead.queue_limit', '{call}', ['target'], 'Calls that may wait for a place'),
  hedges: counter(
    'switchgear.hedges',
    '{hedge}',
    [...ofOperation, 'result'],
    'Further copies of slow calls, by what became of them',
  ),
  cacheLookups: counter(
    'switchgear.cache.lookups',
    '{lookup}',
    [...ofOperation, 'result'],
    'Looks into the cache, by what they found',
  ),
  authRefreshes: counter(
    'switchgear.auth.refreshes',
    '{refresh}',
    ['target', 'result'],
    'Tokens that were asked for, with and without success',
  ),
  hosts: gauge(
    'switchgear.hosts',
    '{host}',
    ['target', 'state'],
    'Hosts of a service that has several, by where they stand',
  ),
  hostEjections: counter(
    'switchgear.hosts.ejections',
    '{ejection}',
    ['target', 'reason'],
    'Hosts that were passed over for a while because they did worse than the others',
  ),
  faultsInjected: counter(
    'switchgear.faults.injected',
    '{fault}',
    ['target', 'fault'],
    'What was made to go wrong on purpose',
  ),
  requestDuration: histogram(
    'http.client.request.duration',
    's',
    [
      'http.request.method',
      'server.address',
      'server.port',
      'url.template',
      'http.response.status_code',
      'error.type',
      'network.protocol.version',
    ],
    durationBuckets,
    'How long requests took on the wire, one for each attempt, as the semantic conventions have it',
  ),
});
