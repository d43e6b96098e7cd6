import type { EventSink, Runtime } from '@switchgear/policy';
import type { ClientEvent } from '../events.ts';
import { Ejector, usualLatencyMs } from './ejector.ts';
import type { Host } from './host.ts';
import type { HostsSettings } from './options.ts';
import type { ResolutionOwner } from './resolution.ts';
import { type HostAnswer, type KnownHost, readAnswer } from './resolver.ts';

/** What a set of hosts is made with. */
export interface HostSetParts {
  readonly target: string;
  /** Of all hosts, such as `https:`. */
  readonly protocol: string;
  readonly settings: HostsSettings;
  readonly runtime: Runtime;
  readonly events: EventSink<ClientEvent>;
  /** Opens a host: its connections, its breaker. */
  readonly open: (known: KnownHost) => Host;
}

/** Hosts of one priority that are in service; at least one. */
export interface Tier {
  readonly hosts: readonly Host[];
  /** Whether they differ in weight for good. */
  readonly uneven: boolean;
}

/** The hosts of a service, and which of them are in service. A removed one lives on until its last attempt has ended. */
export class HostSet implements ResolutionOwner {
  readonly #parts: HostSetParts;
  readonly #ejector: Ejector;
  #hosts: ReadonlyMap<string, Host> = new Map();
  #tiers: readonly Tier[] = [];
  /** When the last slow start is over. */
  #rampedAt = Number.NEGATIVE_INFINITY;
  /** Removed, with attempts under way. */
  readonly #draining = new Set<Host>();
  readonly #closing = new Set<Promise<void>>();

  constructor(parts: HostSetParts) {
    this.#parts = parts;
    this.#ejector = new Ejector({ ...parts, changed: () => this.#arrange() });
  }

  get hasHosts(): boolean {
    return this.#hosts.size > 0;
  }

  /** Those there are, and then those that were removed and have not ended. */
  get all(): readonly Host[] {
    return [...this.#hosts.values(), ...this.#draining];
  }

  get size(): number {
    return this.#hosts.size;
  }

  get ejected(): readonly Host[] {
    return this.#ejector.ejected;
  }

  /** Those in service, the first priority first. */
  tiers(now: number): readonly Tier[] {
    this.#ejector.tick(now);
    return this.#tiers;
  }

  /** Whether weights differ now, be it only because a host is ramping. */
  isUneven(tier: Tier, now: number): boolean {
    return tier.uneven || now < this.#rampedAt;
  }

  succeeded(host: Host, now: number): void {
    this.#ejector.succeeded(host, now);
  }

  failed(host: Host, now: number): void {
    this.#ejector.failed(host, now);
  }

  /** @throws When there is no host in the answer: then the ones from before stay. */
  accept(answer: HostAnswer): void {
    const { protocol, settings } = this.#parts;
    const known = readAnswer(answer, protocol, settings.maxHosts, (key) => this.#hosts.has(key));
    if (known.length === 0) throw Object.assign(new Error('no host in the answer'), { code: 'ENODATA' });
    const { added, removed } = this.update(known);
    this.#publishResolved(added, removed, undefined);
  }

  unanswered(error: unknown): void {
    this.#publishResolved([], [], error);
  }

  /** From now on the hosts are these. */
  update(known: readonly KnownHost[]): { readonly added: readonly Host[]; readonly removed: readonly Host[] } {
    const now = this.#parts.runtime.clock.now();
    const before = this.#hosts;
    const drained = new Map([...this.#draining].map((host) => [host.known.key, host]));
    const after = new Map<string, Host>();
    for (const each of known) {
      after.set(each.key, before.get(each.key) ?? drained.get(each.key) ?? this.#parts.open(each));
    }
    this.#hosts = after;
    for (const each of known) after.get(each.key)?.know(each);
    const hosts = [...after.values()];
    const added = hosts.filter(({ known: { key } }) => !before.has(key));
    const removed = [...before.values()].filter(({ known: { key } }) => !after.has(key));
    for (const host of added) {
      this.#draining.delete(host);
      host.removed = false;
      // Where all are new, none is newer than the others.
      if (before.size > 0) host.ramp(now, usualLatencyMs(hosts, host, now));
    }
    for (const host of removed) this.#remove(host);
    this.#ejector.watch(hosts, now);
    this.#arrange();
    return { added, removed };
  }

  /** An attempt at a host has ended. The last one at a removed host closes its connections. */
  left(host: Host): void {
    host.inFlight--;
    if (host.removed && host.inFlight === 0) this.#closeDrained(host);
  }

  /** Closes every host. @returns When all connections are closed, those of removed hosts included. */
  async close(): Promise<void> {
    const { all } = this;
    this.#draining.clear();
    await Promise.all([...all.map(({ transport }) => transport.close()), ...this.#closing]);
  }

  /** Closes every host now. */
  async destroy(): Promise<void> {
    const { all } = this;
    this.#draining.clear();
    await Promise.all(all.map(({ transport }) => transport.destroy()));
  }

  #remove(host: Host): void {
    host.removed = true;
    host.ejectedUntil = undefined;
    this.#draining.add(host);
    if (host.inFlight === 0) this.#closeDrained(host);
  }

  #closeDrained(host: Host): void {
    if (!this.#draining.delete(host)) return;
    const closed = host.transport
      .close()
      .catch(() => {})
      .finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  /** Sorts those in service by priority. Rare: when hosts come, go, are ejected or come back, and never per call. */
  #arrange(): void {
    const tiers = new Map<number, Host[]>();
    this.#rampedAt = Number.NEGATIVE_INFINITY;
    for (const host of this.#hosts.values()) {
      this.#rampedAt = Math.max(this.#rampedAt, host.rampedAt);
      if (host.ejectedUntil !== undefined) continue;
      const { priority } = host.known;
      const tier = tiers.get(priority);
      if (tier === undefined) tiers.set(priority, [host]);
      else tier.push(host);
    }
    this.#tiers = [...tiers]
      .sort(([a], [b]) => a - b)
      .map(([, hosts]) => ({ hosts, uneven: hosts.some(({ known }) => known.weight !== hosts[0]?.known.weight) }));
  }

  #publishResolved(added: readonly Host[], removed: readonly Host[], error: unknown): void {
    const { target, runtime, events } = this.#parts;
    if (!events.wants('hosts.resolved')) return;
    events.publish({
      type: 'hosts.resolved',
      at: runtime.clock.now(),
      target,
      ok: error === undefined,
      hosts: this.#hosts.size,
      added: added.map(({ name }) => name),
      removed: removed.map(({ name }) => name),
      error,
    });
  }
}
