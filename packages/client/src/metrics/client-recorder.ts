import type { BreakerCause, BreakerState, RefusalReason } from '@switchgear/policy';
import type { ClientEvent, ExchangeFinished } from '../events.ts';
import { otherName } from './bounded-names.ts';
import { ByValue } from './by-value.ts';
import { metricDefinitions as metrics } from './definitions.ts';
import type { BoundCounter, Meter } from './meter.ts';
import type { MetricNames } from './metric-names.ts';
import { OperationSeries } from './operation-series.ts';
import { ProbeTimes } from './probe-times.ts';
import { TimeByPhase } from './time-by-phase.ts';

type RecordedType =
  | 'call.finished'
  | 'exchange.finished'
  | 'retry.stopped'
  | 'call.refused'
  | 'call.joined'
  | 'cache.looked-up'
  | 'hedge.finished'
  | 'breaker.opened'
  | 'breaker.half-opened'
  | 'breaker.closed'
  | 'breaker.isolated'
  | 'token.refreshed'
  | 'host.ejected'
  | 'chaos.injected';

/** The events that metrics are made of. Of all others a client makes none for their sake. */
export const recordedEvents: readonly RecordedType[] = [
  'call.finished',
  'exchange.finished',
  'retry.stopped',
  'call.refused',
  'call.joined',
  'cache.looked-up',
  'hedge.finished',
  'breaker.opened',
  'breaker.half-opened',
  'breaker.closed',
  'breaker.isolated',
  'token.refreshed',
  'host.ejected',
  'chaos.injected',
];

/** An event that metrics are made of. */
export type RecordedEvent = Extract<ClientEvent, { type: RecordedType }>;

type Transition = Extract<RecordedEvent, { breaker: string }>;

/** Makes measurements of what one client says. */
export class ClientRecorder {
  readonly #meter: Meter;
  readonly #names: MetricNames;
  readonly #target: string;
  readonly #client: string;
  readonly #countsRequests: () => boolean;
  readonly #operations = new Map<string, OperationSeries>();
  readonly #others: OperationSeries;
  readonly #time: TimeByPhase;
  readonly #rejections: ByValue<RefusalReason, BoundCounter>;
  readonly #transitions: ByValue<string, ByValue<BreakerState, ByValue<BreakerCause, BoundCounter>>>;
  readonly #refreshes: ByValue<'ok' | 'failed', BoundCounter>;
  readonly #ejections: ByValue<string, BoundCounter>;
  readonly #faults: ByValue<string, BoundCounter>;
  readonly #probes = new Map<string, ProbeTimes>();

  /**
   * @param client The name of the client's target.
   * @param countsRequests Whether a request is measured here as one on the wire, or by somebody else who does.
   */
  constructor(client: string, meter: Meter, names: MetricNames, countsRequests: () => boolean) {
    const target = names.target.admit(client);
    this.#meter = meter;
    this.#names = names;
    this.#target = target;
    this.#client = client;
    this.#countsRequests = countsRequests;
    this.#others = new OperationSeries(meter, target, otherName, names);
    this.#time = new TimeByPhase(meter, target);
    this.#rejections = new ByValue((reason) => meter.counter(metrics.rejections, [target, reason]));
    this.#transitions = new ByValue(
      (breaker) =>
        new ByValue(
          (to) => new ByValue((cause) => meter.counter(metrics.breakerTransitions, [target, breaker, to, cause])),
        ),
    );
    this.#refreshes = new ByValue((result) => meter.counter(metrics.authRefreshes, [target, result]));
    this.#ejections = new ByValue((reason) => meter.counter(metrics.hostEjections, [target, reason]));
    this.#faults = new ByValue((fault) => meter.counter(metrics.faultsInjected, [target, fault]));
  }

  hear(event: ClientEvent): void {
    switch (event.type) {
      case 'call.finished':
        this.#of(event.operation).finished(event);
        this.#time.add(event.timings);
        break;
      case 'exchange.finished':
        this.#of(event.operation).exchanged(event, this.#isProbe(event), this.#countsRequests());
        break;
      case 'retry.stopped':
        this.#of(event.operation).stopped(event.reason);
        break;
      case 'call.refused':
        this.#rejections.get(event.reason).add(1);
        break;
      case 'call.joined':
        this.#of(event.operation).lookedUp('joined');
        break;
      case 'cache.looked-up':
        this.#of(event.operation).lookedUp(event.found);
        break;
      case 'hedge.finished':
        this.#of(event.operation).hedged(event.copies, event.winner);
        break;
      case 'breaker.half-opened':
        this.#moved(event, 'half-open');
        this.#probesOf(event.breaker).halfOpened(event.at);
        break;
      case 'breaker.opened':
        this.#moved(event, 'open');
        this.#probesOf(event.breaker).ended(event.at);
        break;
      case 'breaker.closed':
        this.#moved(event, 'closed');
        this.#probesOf(event.breaker).ended(event.at);
        break;
      case 'breaker.isolated':
        this.#moved(event, 'isolated');
        this.#probesOf(event.breaker).ended(event.at);
        break;
      case 'token.refreshed':
        this.#refreshes.get(event.ok ? 'ok' : 'failed').add(1);
        break;
      case 'host.ejected':
        this.#ejections.get(event.reason).add(1);
        break;
      case 'chaos.injected':
        this.#faults.get(event.kind).add(1);
        break;
    }
  }

  #of(operation: string): OperationSeries {
    const known = this.#operations.get(operation);
    if (known !== undefined) return known;
    // What shares a name is not remembered by its own, or the memory for it would grow all the same.
    if (this.#names.operation.admit(operation) === otherName) return this.#others;
    const made = new OperationSeries(this.#meter, this.#target, operation, this.#names);
    this.#operations.set(operation, made);
    return made;
  }

  #moved({ breaker, cause }: Transition, to: BreakerState): void {
    this.#transitions.get(this.#names.breaker.admit(breaker)).get(to).get(cause).add(1);
  }

  #probesOf(breaker: string): ProbeTimes {
    const name = this.#names.breaker.admit(breaker);
    let probes = this.#probes.get(name);
    if (probes === undefined) {
      probes = new ProbeTimes();
      this.#probes.set(name, probes);
    }
    return probes;
  }

  /** Of several hosts, each has a breaker of its own, named after it. */
  #isProbe({ host, startedAt }: ExchangeFinished): boolean {
    if (this.#probes.size === 0) return false;
    const probes = this.#probes.get(this.#client) ?? this.#probes.get(`${this.#client} at ${host}`);
    return probes?.isProbe(startedAt) ?? false;
  }
}
