import { attemptTimeout, breaker, type CallOptions, retry } from '@switchgear/policy';
import { EventLog, ManualClock, seededRandom } from '@switchgear/policy/testing';
import type { ClientEvent } from '../src/events.ts';
import { Host } from '../src/hosts/host.ts';
import { Hosts, type Tried } from '../src/hosts/hosts.ts';
import { type HostsOptions, readHostsOptions } from '../src/hosts/options.ts';
import { type HostResolver, hostName, type KnownHost, readHost } from '../src/hosts/resolver.ts';
import type { Transport, WireResponse } from '../src/transport/transport.ts';

/** How a host of a test answers: by a promise of a status, or by failing. */
export type Behaviour = () => Promise<number>;

/** A transport that answers as a test says, and remembers. */
export class ScriptedTransport implements Transport {
  behaviour: Behaviour;
  sends = 0;
  inFlight = 0;
  mostInFlight = 0;
  closed = false;

  constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
  }

  async send(): Promise<WireResponse> {
    if (this.closed) throw new Error('sent over a closed transport');
    this.sends++;
    this.inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      return { status: await this.behaviour(), headers: {}, body: new Uint8Array() };
    } finally {
      this.inFlight--;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  destroy(): Promise<void> {
    return this.close();
  }
}

/** Hosts on a manual clock, with transports that a test scripts by the name of the host, such as `a`. */
export class HostsRig {
  readonly clock = new ManualClock();
  readonly log = new EventLog<ClientEvent>();
  readonly transports = new Map<string, ScriptedTransport>();
  readonly hosts: Hosts;
  readonly #runtime;
  readonly #timeout;
  /** What hosts do that have not been told otherwise. */
  usual: Behaviour = async () => 200;

  /** @param source Names of hosts, such as `['a', 'b']`, or a resolver. */
  constructor(source: readonly string[] | HostResolver, options: HostsOptions = {}, seed = 1) {
    this.#runtime = { clock: this.clock, random: seededRandom(seed), events: this.log };
    this.#timeout = attemptTimeout({ attemptTimeoutMs: 1_000 }, this.#runtime);
    const settings = readHostsOptions('hosts', options);
    this.hosts = new Hosts({
      target: 'users',
      protocol: 'http:',
      settings,
      runtime: this.#runtime,
      events: this.log,
      open: (known) => this.#open(known, settings.decayMs, settings.slowStartMs),
      source: 'resolve' in source ? source : source.map((name) => readHost(`http://${name}`, 'http:') as KnownHost),
    });
  }

  transport(name: string): ScriptedTransport {
    const found = this.transports.get(name);
    if (found === undefined) throw new Error(`no host ${name}`);
    return found;
  }

  /** One attempt. @returns The host that it went to. */
  async send(tried: Tried = [], options: CallOptions = {}): Promise<string> {
    const call = { target: 'users', operation: 'get', ...options };
    let at = '';
    // A retry that never retries makes the call of the options.
    await retry({ maxRetries: 0 }, this.#runtime).execute(
      (attempted) =>
        this.hosts.send(tried, attempted, this.#timeout, async ({ origin, transport }, inner) => {
          at = origin.slice('http://'.length);
          return transport.send({ method: 'GET', path: '/', headers: [], body: undefined }, inner);
        }),
      call,
    );
    return at;
  }

  /** So many calls one after the other, their failures passed over. @returns How many went to each host. */
  async calls(count: number, everyMs = 10): Promise<Record<string, number>> {
    const before = new Map([...this.transports].map(([name, { sends }]) => [name, sends]));
    for (let i = 0; i < count; i++) {
      await this.send().catch(() => {});
      this.clock.freeze(everyMs);
    }
    return Object.fromEntries([...this.transports].map(([name, { sends }]) => [name, sends - (before.get(name) ?? 0)]));
  }

  #open(known: KnownHost, decayMs: number, slowStartMs: number): Host {
    const transport = new ScriptedTransport(() => this.usual());
    this.transports.set(new URL(hostName(known)).host, transport);
    const circuit = breaker({ name: hostName(known) }, this.#runtime);
    return new Host({ known, transport, breaker: circuit, decayMs, slowStartMs }, this.clock.now());
  }
}
