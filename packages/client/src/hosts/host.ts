import type { BreakerSnapshot, CircuitBreaker } from '@switchgear/policy';
import type { Transport } from '../transport/transport.ts';
import type { Candidate } from './p2c.ts';
import { PeakEwma } from './peak-ewma.ts';
import { hostName, type KnownHost } from './resolver.ts';
import { rampShare } from './slow-start.ts';

/** Latencies below this are alike, in milliseconds: what is left of them is noise, and the calls in flight decide. */
const leastLatencyMs = 1;

/** Where a host stands: in service, getting its share step by step, passed over, or removed and ending its calls. */
export type HostState = 'in-service' | 'ramping' | 'ejected' | 'draining';

/** A host at one moment, in values that survive JSON. */
export interface HostSnapshot {
  /** Scheme, host and port. */
  readonly origin: string;
  /** The IP address that is connected to, where the resolver says it; null where the name is looked up. */
  readonly address: string | null;
  readonly state: HostState;
  /** Attempts under way. */
  readonly inFlight: number;
  /** Its latency as it counts now, in milliseconds; 0 before the first answer. */
  readonly ewmaMs: number;
  /** Failures in a row. */
  readonly consecutiveFailures: number;
  /** Ejections in a row, which the next one's time grows by. */
  readonly ejections: number;
  /** How much longer it is ejected, in milliseconds; 0 unless ejected. */
  readonly ejectedForMs: number;
  readonly breaker: BreakerSnapshot;
}

/** What a host is made with. */
export interface HostParts {
  readonly known: KnownHost;
  readonly transport: Transport;
  readonly breaker: CircuitBreaker;
  readonly decayMs: number;
  readonly slowStartMs: number;
}

/** One host: its connections, its breaker, and what is known of how it does. */
export class Host implements Candidate {
  readonly name: string;
  readonly transport: Transport;
  readonly breaker: CircuitBreaker;
  readonly latency: PeakEwma;
  inFlight = 0;
  /** Failures since the last success. */
  run = 0;
  /** Whether it has come back from an ejection and not succeeded since. */
  onTrial = false;
  /** The interval under way. */
  calls = 0;
  failures = 0;
  /** The interval before. */
  callsBefore = 0;
  failuresBefore = 0;
  ejections = 0;
  /** On the runtime's clock; undefined while it is not ejected. */
  ejectedUntil: number | undefined;
  /** Whether it was ejected at any time in the interval under way. */
  wasEjected = false;
  removed = false;
  #known: KnownHost;
  readonly #slowStartMs: number;
  #rampFrom = Number.NEGATIVE_INFINITY;

  constructor({ known, transport, breaker, decayMs, slowStartMs }: HostParts, now: number) {
    this.name = hostName(known);
    this.transport = transport;
    this.breaker = breaker;
    this.latency = new PeakEwma(decayMs, now);
    this.#known = known;
    this.#slowStartMs = slowStartMs;
  }

  get known(): KnownHost {
    return this.#known;
  }

  get origin(): string {
    return this.#known.origin;
  }

  /** The resolver says the same host again, perhaps with another priority or weight. */
  know(known: KnownHost): void {
    this.#known = known;
  }

  /** Begins its slow start. @param usualMs The latency of the others: without one it would look like the fastest of all. */
  ramp(now: number, usualMs: number): void {
    this.#rampFrom = now;
    this.latency.set(usualMs, now);
  }

  /** When its slow start is over. */
  get rampedAt(): number {
    return this.#rampFrom + this.#slowStartMs;
  }

  load(now: number): number {
    return (this.inFlight + 1) * Math.max(leastLatencyMs, this.latency.at(now));
  }

  weight(now: number): number {
    return this.#known.weight * rampShare(now - this.#rampFrom, this.#slowStartMs);
  }

  snapshot(now: number): HostSnapshot {
    const { known, inFlight, run, ejections, ejectedUntil } = this;
    return {
      origin: known.origin,
      address: known.address ?? null,
      state: this.#state(now),
      inFlight,
      ewmaMs: this.latency.at(now),
      consecutiveFailures: run,
      ejections,
      ejectedForMs: ejectedUntil === undefined ? 0 : Math.max(0, ejectedUntil - now),
      breaker: this.breaker.snapshot(),
    };
  }

  #state(now: number): HostState {
    if (this.removed) return 'draining';
    if (this.ejectedUntil !== undefined && this.ejectedUntil > now) return 'ejected';
    return now < this.rampedAt ? 'ramping' : 'in-service';
  }
}
