import type { EventSink, Runtime } from '@switchgear/policy';
import type { ClientEvent, HostEjected } from '../events.ts';
import { ejectionMs, mostEjected, outliers, runNeeded } from './ejection.ts';
import type { Host } from './host.ts';
import type { HostsSettings } from './options.ts';

/** Where the ejector stands. */
export interface EjectorParts {
  readonly target: string;
  readonly settings: HostsSettings;
  readonly runtime: Runtime;
  readonly events: EventSink<ClientEvent>;
  /** Called when a host was ejected or has come back. */
  readonly changed: () => void;
}

/**
 * Passes over hosts that do worse than the others, for a while, and never more than half of them. No timers: intervals
 * end and hosts come back when someone asks.
 */
export class Ejector {
  readonly #parts: EjectorParts;
  #hosts: readonly Host[] = [];
  #ejected: Host[] = [];
  /** When the first of them comes back. */
  #nextReturnAt = Number.POSITIVE_INFINITY;
  #intervalEndsAt: number;

  constructor(parts: EjectorParts) {
    this.#parts = parts;
    this.#intervalEndsAt = parts.runtime.clock.now() + parts.settings.intervalMs;
  }

  get ejected(): readonly Host[] {
    return this.#ejected;
  }

  /** The hosts are others from now on. With fewer of them, fewer may be ejected. */
  watch(hosts: readonly Host[], now: number): void {
    this.#hosts = hosts;
    this.#ejected = this.#ejected.filter((host) => hosts.includes(host));
    this.#ejected.sort((a, b) => (a.ejectedUntil as number) - (b.ejectedUntil as number));
    while (this.#ejected.length > mostEjected(hosts.length)) this.#return(this.#ejected[0] as Host, now);
    this.#nextReturnAt = this.#ejected[0]?.ejectedUntil ?? Number.POSITIVE_INFINITY;
  }

  /** Lets those come back whose time is over. */
  tick(now: number): void {
    if (now < this.#nextReturnAt) return;
    for (const host of this.#ejected.filter(({ ejectedUntil }) => (ejectedUntil as number) <= now))
      this.#return(host, now);
    this.#nextReturnAt = Math.min(...this.#ejected.map(({ ejectedUntil }) => ejectedUntil as number));
  }

  succeeded(host: Host, now: number): void {
    this.#endInterval(now);
    host.calls++;
    host.run = 0;
    host.onTrial = false;
  }

  failed(host: Host, now: number): void {
    this.#endInterval(now);
    host.calls++;
    host.failures++;
    host.run++;
    const { consecutiveFailures } = this.#parts.settings;
    if (consecutiveFailures === 0) return;
    const least = host.onTrial ? 1 : consecutiveFailures;
    if (host.run >= least && host.run >= runNeeded(least, this.#failureRatioBeside(host))) {
      this.#eject(host, 'consecutive-failures', now);
    }
  }

  /** The share of calls that fail at the other hosts in service, over this interval and the one before. */
  #failureRatioBeside(host: Host): number {
    let calls = 0;
    let failures = 0;
    for (const each of this.#hosts) {
      if (each === host || each.ejectedUntil !== undefined) continue;
      calls += each.calls + each.callsBefore;
      failures += each.failures + each.failuresBefore;
    }
    return calls === 0 ? 0 : failures / calls;
  }

  #endInterval(now: number): void {
    if (now < this.#intervalEndsAt) return;
    const { intervalMs } = this.#parts.settings;
    // Nobody called for a whole interval: what came before it is too old to compare.
    const isStale = now >= this.#intervalEndsAt + intervalMs;
    this.#intervalEndsAt = now + intervalMs;
    const compared = this.#hosts.filter(({ ejectedUntil }) => ejectedUntil === undefined);
    const worse = isStale ? [] : outliers(compared, this.#parts.settings).map((index) => compared[index] as Host);
    for (const host of this.#hosts) {
      if (!host.wasEjected && !worse.includes(host) && host.ejections > 0) host.ejections--;
      host.wasEjected = host.ejectedUntil !== undefined;
      host.callsBefore = isStale ? 0 : host.calls;
      host.failuresBefore = isStale ? 0 : host.failures;
      host.calls = 0;
      host.failures = 0;
    }
    for (const host of worse) this.#eject(host, 'success-rate', now);
  }

  #eject(host: Host, reason: HostEjected['reason'], now: number): void {
    // It may have been removed, or ejected, while this call was on its way.
    if (host.removed || host.ejectedUntil !== undefined) return;
    if (this.#ejected.length >= mostEjected(this.#hosts.length)) return;
    const { target, settings, runtime, events } = this.#parts;
    host.ejections++;
    const forMs = ejectionMs(host.ejections, settings.ejectMs, settings.maxEjectMs, runtime.random);
    host.ejectedUntil = now + forMs;
    host.wasEjected = true;
    this.#ejected.push(host);
    this.#nextReturnAt = Math.min(this.#nextReturnAt, host.ejectedUntil);
    this.#parts.changed();
    if (!events.wants('host.ejected')) return;
    events.publish({
      type: 'host.ejected',
      at: now,
      target,
      host: host.name,
      reason,
      forMs,
      ejected: this.#ejected.length,
      hosts: this.#hosts.length,
    });
  }

  #return(host: Host, now: number): void {
    const { target, events } = this.#parts;
    host.ejectedUntil = undefined;
    host.run = 0;
    host.onTrial = true;
    this.#ejected = this.#ejected.filter((each) => each !== host);
    host.ramp(now, usualLatencyMs(this.#hosts, host, now));
    this.#parts.changed();
    if (events.wants('host.returned')) events.publish({ type: 'host.returned', at: now, target, host: host.name });
  }
}

/** The mean latency of the hosts beside one, in milliseconds. */
export function usualLatencyMs(hosts: readonly Host[], beside: Host, now: number): number {
  const others = hosts.filter((host) => host !== beside);
  if (others.length === 0) return 0;
  return others.reduce((sum, { latency }) => sum + latency.at(now), 0) / others.length;
}
