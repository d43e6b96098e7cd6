import type { Call, CircuitBreaker, ErrorFacts, EventSink, Permit, Policy, Refusal, Runtime } from '@switchgear/policy';
import { ConnectError, DnsError } from '../errors.ts';
import type { ClientEvent } from '../events.ts';
import type { Transport } from '../transport/transport.ts';
import { rememberHost } from './failed-host.ts';
import type { Host, HostSnapshot } from './host.ts';
import { HostSet, type HostSetParts } from './host-set.ts';
import { chooseByWeight, chooseOfTwo } from './p2c.ts';
import { Resolution } from './resolution.ts';
import type { HostResolver, KnownHost } from './resolver.ts';
import { verdictOf } from './verdict-of.ts';

/** The hosts that a call has been sent to so far. Made per call, and handed to `send` at each of its attempts. */
export type Tried = Host[];

/** Who is asked, and how to find out. */
export interface HostsParts extends HostSetParts {
  /** The hosts themselves, or what finds them. */
  readonly source: readonly KnownHost[] | HostResolver;
}

interface Seat {
  readonly host: Host;
  readonly permit: Permit;
}

/** The host that was chosen, as whoever sends to it needs to know it. */
export interface ChosenHost {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly transport: Transport;
}

/** What runs at the host that was chosen. */
export type AtHost<T> = (host: ChosenHost, call: Call) => Promise<T>;

/**
 * Sends each attempt to one of several hosts: the less busy and quicker of two drawn by chance, another one than before
 * for a retry, none that is ejected and none whose breaker refuses, as long as there are others.
 */
export class Hosts {
  readonly #target: string;
  readonly #runtime: Runtime;
  readonly #events: EventSink<ClientEvent>;
  readonly #set: HostSet;
  readonly #resolution: Resolution | undefined;
  readonly #panicEveryMs: number;
  #panickedAt = Number.NEGATIVE_INFINITY;
  #inPanic = false;

  constructor(parts: HostsParts) {
    const { source, target, runtime, events, settings } = parts;
    this.#target = target;
    this.#runtime = runtime;
    this.#events = events;
    this.#panicEveryMs = settings.intervalMs;
    this.#set = new HostSet(parts);
    if ('resolve' in source) this.#resolution = new Resolution(source, this.#set, runtime);
    else this.#set.update(source);
  }

  /**
   * Makes one attempt.
   * @param timeout Around it, below the host's breaker: its error is what the breaker hears.
   * @throws CircuitOpenError when the breaker of every host refuses, with the time after which the first may not.
   */
  async send<T>(tried: Tried, call: Call, timeout: Policy, run: AtHost<T>): Promise<T> {
    if (!this.#set.hasHosts) await timeout.execute((inner) => this.#ready(inner), call);
    const { host, permit } = this.#enter(tried, call);
    tried.push(host);
    const startedAt = this.#runtime.clock.now();
    host.inFlight++;
    let value: T;
    try {
      value = await timeout.execute((inner) => run(host, inner), call);
    } catch (error) {
      this.#failed(host, permit, startedAt, error, call);
      if (canGoElsewhere(error) && this.#hasOther(tried)) error.elsewhere = true;
      rememberHost(error, host.name);
      throw error;
    }
    const now = this.#runtime.clock.now();
    permit.success();
    host.latency.add(now - startedAt, now);
    this.#set.succeeded(host, now);
    this.#set.left(host);
    return value;
  }

  /** The hosts that are known, and how one is chosen, in a line. */
  describe(): string {
    const names = this.#set.all.map(({ name }) => name);
    const known = names.length === 0 ? 'found when the first call asks' : names.join(', ');
    return `${known}; the less busy and quicker of two, with a breaker and connections of its own`;
  }

  /** One per host. */
  get breakers(): readonly CircuitBreaker[] {
    return this.#set.all.map(({ breaker }) => breaker);
  }

  /** Each host, those that end their last calls included. */
  snapshot(): readonly HostSnapshot[] {
    const now = this.#runtime.clock.now();
    this.#set.tiers(now);
    return this.#set.all.map((host) => host.snapshot(now));
  }

  /** Each host in a line, and why its breaker is in its state. */
  explain(): string {
    const now = this.#runtime.clock.now();
    this.#set.tiers(now);
    if (!this.#set.hasHosts) return 'no host is known yet: the first call asks for them';
    return this.#set.all
      .map((host) => `${host.name}: ${inWords(host.snapshot(now))}; ${host.breaker.explain()}`)
      .join('\n');
  }

  /** Lets what runs end, then closes the connections of all hosts. Nothing is resolved any more. */
  async close(): Promise<void> {
    this.#resolution?.close();
    await this.#set.close();
  }

  /** Closes the connections of all hosts now. */
  async destroy(): Promise<void> {
    this.#resolution?.close();
    await this.#set.destroy();
  }

  #ready(call: Call): Promise<void> {
    const { target, operation, attempt } = call;
    const facts: ErrorFacts = { target, operation, attempts: attempt };
    return this.#resolution?.ready(call, facts) ?? Promise.resolve();
  }

  /** Takes a place at a host. */
  #enter(tried: Tried, call: Call): Seat {
    const now = this.#runtime.clock.now();
    this.#resolution?.askIfDue(now);
    const tiers = this.#set.tiers(now);
    // The way that nearly every call takes: the first choice of the first tier.
    const [first] = tiers;
    if (tried.length === 0 && first !== undefined) {
      const host = this.#choose(first.hosts, this.#set.isUneven(first, now), now);
      const permit = host.breaker.tryAcquire();
      if (permit.admitted) {
        this.#inPanic = false;
        return { host, permit };
      }
    }
    return this.#enterAnother(tried, call, now);
  }

  /** The long way: others than before first; then those again; then, in a panic, the ejected ones as well. */
  #enterAnother(tried: Tried, call: Call, now: number): Seat {
    const refusals: Refusal[] = [];
    const tiers = this.#set.tiers(now);
    for (const again of [false, true]) {
      for (const tier of tiers) {
        const hosts = tier.hosts.filter((host) => tried.includes(host) === again);
        const seat = this.#enterOneOf(hosts, this.#set.isUneven(tier, now), refusals, now);
        if (seat !== undefined) return seat;
      }
    }
    this.#panic(now);
    const seat = this.#enterOneOf([...this.#set.ejected], true, refusals, now);
    if (seat !== undefined) return seat;
    throw this.#refused(refusals, call);
  }

  #enterOneOf(hosts: Host[], uneven: boolean, refusals: Refusal[], now: number): Seat | undefined {
    while (hosts.length > 0) {
      const host = this.#choose(hosts, uneven, now);
      const permit = host.breaker.tryAcquire();
      if (permit.admitted) return { host, permit };
      refusals.push(permit);
      hosts.splice(hosts.indexOf(host), 1);
    }
    return undefined;
  }

  #choose(hosts: readonly Host[], uneven: boolean, now: number): Host {
    const { random } = this.#runtime;
    return uneven ? chooseByWeight(hosts, now, random) : chooseOfTwo(hosts, now, random);
  }

  #failed(host: Host, permit: Permit, startedAt: number, error: unknown, call: Call): void {
    const { kind, openForMs } = verdictOf(error, call);
    const now = this.#runtime.clock.now();
    permit[kind](openForMs);
    host.latency.add(now - startedAt, now);
    // "No such user" is an answer like any other.
    if (kind === 'success') this.#set.succeeded(host, now);
    if (kind === 'failure') this.#set.failed(host, now);
    if (canGoElsewhere(error)) this.#resolution?.suspect();
    this.#set.left(host);
  }

  /** Whether a host is in service that the call has not been sent to. */
  #hasOther(tried: Tried): boolean {
    const now = this.#runtime.clock.now();
    return this.#set.tiers(now).some(({ hosts }) => hosts.some((host) => !tried.includes(host)));
  }

  /** No host in service takes the call. Said once for as long as it lasts. */
  #panic(now: number): void {
    if (this.#inPanic || now < this.#panickedAt + this.#panicEveryMs) return;
    this.#inPanic = true;
    this.#panickedAt = now;
    if (!this.#events.wants('hosts.panicked')) return;
    const { size, ejected } = this.#set;
    this.#events.publish({
      type: 'hosts.panicked',
      at: now,
      target: this.#target,
      hosts: size,
      ejected: ejected.length,
    });
  }

  /** The refusal of the breaker that may be asked again first stands for all. */
  #refused(refusals: readonly Refusal[], call: Call): Error {
    const waitMs = (refusal: Refusal): number => refusal.retryAfterMs ?? Number.MAX_VALUE;
    // There is always one: whoever gets here has been refused by every host, and there is at least one host.
    const refusal = refusals.reduce((sooner, each) => (waitMs(each) < waitMs(sooner) ? each : sooner));
    if (this.#events.wants('call.refused')) {
      const { target, operation, attempt } = call;
      const { reason, retryAfterMs } = refusal;
      const at = this.#runtime.clock.now();
      this.#events.publish({ type: 'call.refused', at, target, operation, attempt, reason, retryAfterMs });
    }
    return refusal.toError(call);
  }
}

/** Whether the host was never reached, so that another one can be asked at once. */
function canGoElsewhere(error: unknown): error is ConnectError | DnsError {
  return (error instanceof ConnectError || error instanceof DnsError) && error.sent === 'never';
}

function inWords({ state, inFlight, ewmaMs, ejectedForMs, ejections }: HostSnapshot): string {
  const busy = `${inFlight} in flight, ${ewmaMs.toFixed(1)} ms`;
  if (state !== 'ejected') return `${state}, ${busy}`;
  return `ejected for another ${Math.ceil(ejectedForMs)} ms (${ejections} in a row), ${busy}`;
}
