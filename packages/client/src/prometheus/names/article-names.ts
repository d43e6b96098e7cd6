import type { ClientEvent, ExchangeFinished } from '../../events.ts';
import { type AttemptResult, attemptResult } from '../../metrics/attempt-result.ts';
import { ByValue } from '../../metrics/by-value.ts';
import type { MetricDefinition } from '../../metrics/definitions.ts';
import type { BoundCounter, BoundHistogram, Meter } from '../../metrics/meter.ts';
import type { MetricNames } from '../../metrics/metric-names.ts';
import type { MeasuredClient } from '../../metrics/record-metrics.ts';
import { methodLabel } from '../../metrics/request-labels.ts';

const inMilliseconds: readonly number[] = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000];

const ofRequest = ['method', 'service', 'endpoint'] as const;
const ofAnswer = ['method', 'service', 'status_code'] as const;

function counter(name: string, labels: readonly string[], help: string): MetricDefinition {
  return Object.freeze({ name, kind: 'counter', unit: '', help, labels });
}

const requests = counter('http_requests_total', ofRequest, 'Requests that were made, further attempts included');
const responses = counter('http_responses_total', ofAnswer, 'Answers with a status below 400');
const errors = counter('http_errors_total', [...ofAnswer, 'error_type'], 'Requests that failed, by how');
const opened = counter('circuit_breaker_opened', ['service', 'reason'], 'How often the breaker opened');
const halfOpened = counter('circuit_breaker_half_opened', ['service'], 'How often the breaker began to probe');
const closed = counter('circuit_breaker_closed', ['service'], 'How often the breaker closed');
const duration: MetricDefinition = Object.freeze({
  name: 'http_request_duration_ms',
  kind: 'histogram',
  unit: 'ms',
  help: 'How long requests took, in milliseconds',
  labels: ['method', 'service', 'status_code', 'endpoint'],
  buckets: inMilliseconds,
});

/** The names that a service client written by hand with axios and a metrics collector usually has. */
export const articleDefinitions: readonly MetricDefinition[] = [
  requests,
  responses,
  duration,
  errors,
  opened,
  halfOpened,
  closed,
];

const heard: readonly ClientEvent['type'][] = [
  'exchange.finished',
  'breaker.opened',
  'breaker.half-opened',
  'breaker.closed',
];

/** What is counted of one endpoint of one method. */
class EndpointSeries {
  readonly #requests: BoundCounter;
  readonly #durations: ByValue<number | undefined, BoundHistogram>;

  constructor(meter: Meter, method: string, service: string, endpoint: string) {
    this.#requests = meter.counter(requests, [method, service, endpoint]);
    this.#durations = new ByValue((status) =>
      meter.histogram(duration, [method, service, status === undefined ? 'error' : String(status), endpoint]),
    );
  }

  exchanged({ durationMs, status }: ExchangeFinished): void {
    this.#requests.add(1);
    this.#durations.get(status).record(durationMs);
  }
}

/** Measures a client under those names. */
export function recordArticleNames(client: MeasuredClient, meter: Meter, names: MetricNames): () => void {
  const service = names.target.admit(client.target);
  const endpoints = new ByValue(
    (method: string) => new ByValue((endpoint: string) => new EndpointSeries(meter, method, service, endpoint)),
  );
  const answers = new ByValue(
    (method: string) => new ByValue((status: number) => meter.counter(responses, [method, service, String(status)])),
  );
  const failures = new ByValue(
    (method: string) =>
      new ByValue(
        (status: number | undefined) =>
          new ByValue((type: AttemptResult) =>
            meter.counter(errors, [method, service, status === undefined ? 'network_error' : String(status), type]),
          ),
      ),
  );
  const openings = new ByValue((reason: string) => meter.counter(opened, [service, reason]));
  const halfOpenings = meter.counter(halfOpened, [service]);
  const closings = meter.counter(closed, [service]);
  const exchanged = (exchange: ExchangeFinished): void => {
    const { method, status, template } = exchange;
    const known = methodLabel(method);
    endpoints.get(known).get(names.template.admit(template)).exchanged(exchange);
    const result = attemptResult(exchange);
    if (status !== undefined && status < 400) answers.get(known).get(status).add(1);
    if (result !== 'ok' && result !== 'cancelled' && !(status !== undefined && status < 400)) {
      failures.get(known).get(status).get(result).add(1);
    }
  };
  return client.on((event) => {
    if (event.type === 'exchange.finished') exchanged(event);
    else if (event.type === 'breaker.opened') openings.get(event.cause).add(1);
    else if (event.type === 'breaker.half-opened') halfOpenings.add(1);
    else if (event.type === 'breaker.closed') closings.add(1);
  }, heard);
}
