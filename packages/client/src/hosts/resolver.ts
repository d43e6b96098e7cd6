import { isIP } from 'node:net';
import { httpUrl } from '../request/http-url.ts';
import { originKey } from './origin-key.ts';

/** One host of a service. */
export interface HostAddress {
  /** Scheme, host and port, such as `https://users-1.internal:8443`; its name is what TLS and the Host header say. */
  readonly origin: string;
  /** The IP address to connect to, instead of looking the name up. @default none */
  readonly address?: string;
  /** Lower is asked first; a higher one only when no lower is in service. @default 0 */
  readonly priority?: number;
  /** Among hosts of one priority, its share in proportion; above 0. @default 1 */
  readonly weight?: number;
}

/** What a resolver found. */
export interface HostAnswer {
  readonly hosts: readonly (string | HostAddress)[];
  /** For how long that holds, in milliseconds. @default 30_000 */
  readonly ttlMs?: number;
}

/** Finds the hosts of a service: `dnsHosts(…)`, `srvHosts(…)`, `hostsFrom(…)`, or one of your own. */
export interface HostResolver {
  /**
   * The service as a whole. Its scheme is that of all hosts, its path stands before that of every operation, and its
   * host shows in `describe()`; whether anything connects to it is for `resolve` to say.
   */
  readonly baseUrl: string;
  /**
   * Asks. Never called again while an earlier call is under way, unless that took 5 s: then the signal is aborted and
   * its answer comes to nothing.
   */
  resolve(signal: AbortSignal): Promise<HostAnswer>;
}

/** How long an answer that says nothing of it holds, in milliseconds. */
export const defaultTtlMs = 30_000;

/** A host in the form in which it is kept. */
export interface KnownHost {
  /** The same for the same place, however it is written. */
  readonly key: string;
  readonly origin: string;
  readonly address: string | undefined;
  readonly priority: number;
  readonly weight: number;
}

/**
 * A host as a resolver names it, or `undefined` when it is none: no origin, no address, or of another scheme. What an
 * https service is asked must not go out in the clear because somebody's registry says so.
 */
export function readHost(given: unknown, protocol: string): KnownHost | undefined {
  const said = typeof given === 'string' ? { origin: given } : given;
  if (typeof said !== 'object' || said === null) return undefined;
  const { origin, address, priority = 0, weight = 1 } = said as Partial<HostAddress>;
  if (typeof origin !== 'string') return undefined;
  if (address !== undefined && (typeof address !== 'string' || isIP(address) === 0)) return undefined;
  if (!Number.isFinite(priority) || !Number.isFinite(weight) || weight <= 0) return undefined;
  let url: URL;
  try {
    url = httpUrl('host', origin);
  } catch {
    return undefined;
  }
  if (url.protocol !== protocol || url.pathname !== '/') return undefined;
  const key = address === undefined ? originKey(url) : `${originKey(url)} at ${originKey(addressUrl(url, address))}`;
  return { key, origin: url.origin, address, priority, weight };
}

/** The hosts of an answer, each once, at most so many. Those already known come first, so that a cut moves nobody. */
export function readAnswer(
  answer: unknown,
  protocol: string,
  maxHosts: number,
  isKnown: (key: string) => boolean,
): KnownHost[] {
  const { hosts } = (answer ?? {}) as Partial<HostAnswer>;
  if (!Array.isArray(hosts)) return [];
  const found = new Map<string, KnownHost>();
  for (const given of hosts) {
    const host = readHost(given, protocol);
    if (host !== undefined) found.set(host.key, host);
  }
  const all = [...found.values()];
  if (all.length <= maxHosts) return all;
  return [...all.filter(({ key }) => isKnown(key)), ...all.filter(({ key }) => !isKnown(key))].slice(0, maxHosts);
}

/** Where a host is, for people: its address where one is given, its origin otherwise. */
export function hostName({
  origin,
  address,
}: {
  readonly origin: string;
  readonly address: string | undefined;
}): string {
  return address === undefined ? origin : addressUrl(new URL(origin), address).origin;
}

function addressUrl(origin: URL, address: string): URL {
  const url = new URL(origin);
  url.hostname = isIP(address) === 6 ? `[${address}]` : address;
  return url;
}
