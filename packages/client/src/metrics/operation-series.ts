import type { CacheFinding, RetryStop } from '@switchgear/policy';
import type { CallFinished, ExchangeFinished, Fate } from '../events.ts';
import { type AttemptResult, attemptResult } from './attempt-result.ts';
import { otherName } from './bounded-names.ts';
import { ByValue } from './by-value.ts';
import { type MetricDefinition, metricDefinitions as metrics } from './definitions.ts';
import type { BoundCounter, BoundHistogram, Meter } from './meter.ts';
import type { MetricNames } from './metric-names.ts';
import { addressOf, errorTypeOf, requestLabels } from './request-labels.ts';

/** Why a request was made; `probe` is one that began while its breaker was half-open. */
export type AttemptKind = ExchangeFinished['kind'] | 'probe';

/** What became of a look into the cache, or of a call that joined another's. */
export type LookupResult = CacheFinding | 'joined';

/** What became of a further copy: it answered first, another one did, or none did. */
export type HedgeResult = 'won' | 'lost' | 'unanswered';

type Requests = Map<string | number, BoundHistogram>;

/** All that is measured of one operation of one target, bound to its labels. */
export class OperationSeries {
  readonly #meter: Meter;
  readonly #names: MetricNames;
  readonly #durations: ByValue<Fate, BoundHistogram>;
  readonly #ofWhole: ByValue<MetricDefinition, BoundHistogram>;
  readonly #attempts: ByValue<AttemptKind, ByValue<AttemptResult, BoundCounter>>;
  readonly #stops: ByValue<RetryStop, BoundCounter>;
  readonly #hedges: ByValue<HedgeResult, BoundCounter>;
  readonly #lookups: ByValue<LookupResult, BoundCounter>;
  readonly #requests = new Map<string, Requests>();

  constructor(meter: Meter, target: string, operation: string, names: MetricNames) {
    const ofOperation = [target, operation];
    this.#meter = meter;
    this.#names = names;
    this.#durations = new ByValue((fate) => meter.histogram(metrics.operationDuration, [...ofOperation, fate]));
    this.#ofWhole = new ByValue((metric) => meter.histogram(metric, ofOperation));
    this.#attempts = new ByValue(
      (kind) => new ByValue((result) => meter.counter(metrics.attempts, [...ofOperation, kind, result])),
    );
    this.#stops = new ByValue((reason) => meter.counter(metrics.retryStops, [...ofOperation, reason]));
    this.#hedges = new ByValue((result) => meter.counter(metrics.hedges, [...ofOperation, result]));
    this.#lookups = new ByValue((result) => meter.counter(metrics.cacheLookups, [...ofOperation, result]));
  }

  finished({ durationMs, fate, retries, timings }: CallFinished): void {
    this.#durations.get(fate).record(durationMs / 1_000);
    if (retries > 0) this.#ofWhole.get(metrics.operationRetries).record(retries);
    if (timings.backoffMs > 0) this.#ofWhole.get(metrics.operationRetryDelay).record(timings.backoffMs / 1_000);
  }

  /** @param onTheWire Whether the request is measured as one on the wire, too. */
  exchanged(exchange: ExchangeFinished, probe: boolean, onTheWire: boolean): void {
    const kind = probe ? 'probe' : exchange.kind;
    this.#attempts.get(kind).get(attemptResult(exchange)).add(1);
    if (onTheWire) this.#requestOf(exchange).record(exchange.durationMs / 1_000);
  }

  stopped(reason: RetryStop): void {
    this.#stops.get(reason).add(1);
  }

  lookedUp(result: LookupResult): void {
    this.#lookups.get(result).add(1);
  }

  hedged(copies: number, winner: number): void {
    const further = copies - 1;
    if (winner === 0) this.#hedges.get('unanswered').add(further);
    else if (winner === 1) this.#hedges.get('lost').add(further);
    else {
      this.#hedges.get('won').add(1);
      if (further > 1) this.#hedges.get('lost').add(further - 1);
    }
  }

  #requestOf(exchange: ExchangeFinished): BoundHistogram {
    const host = this.#names.host.admit(exchange.host);
    let requests = this.#requests.get(host);
    if (requests === undefined) {
      requests = new Map();
      this.#requests.set(host, requests);
    }
    const said = errorTypeOf(exchange);
    const errorType = said === undefined ? undefined : this.#names.errorType.admit(said);
    const key = keyOf(exchange, errorType);
    let request = requests.get(key);
    if (request === undefined) {
      const at = host === otherName ? { address: otherName, port: undefined } : addressOf(host);
      const template = this.#names.template.admit(exchange.template);
      request = this.#meter.histogram(metrics.requestDuration, requestLabels(exchange, at, template, errorType));
      requests.set(key, request);
    }
    return request;
  }
}

/** A number where all went well, so that the usual request makes no text. */
function keyOf({ protocol, status }: ExchangeFinished, errorType: string | undefined): string | number {
  if (errorType === undefined && status !== undefined) {
    return status * 10 + (protocol === '1.1' ? 1 : protocol === '2' ? 2 : 0);
  }
  return `${status} ${errorType} ${protocol}`;
}
