import { ConfigError } from '@switchgear/policy';
import type { Check } from '@switchgear/policy/options';
import { httpUrl } from '../request/http-url.ts';
import { type HostResolver, type KnownHost, readHost } from './resolver.ts';

/** Where a service is: at one URL, at several, or where a resolver finds it. */
export type BaseUrl = string | readonly string[] | HostResolver;

/** A base URL that has been read. */
export interface ServiceAddress {
  /** Scheme, host and port: of the only host, of the first, or what the resolver is asked for. */
  readonly origin: string;
  /** The path before that of every operation, without a slash at the end. */
  readonly prefix: string;
  /** The hosts, or what finds them; undefined where there is one for good. */
  readonly source: readonly KnownHost[] | HostResolver | undefined;
}

export const baseUrlCheck: Check<BaseUrl> = {
  expected: 'an absolute URL, a list of them, or what dnsHosts, srvHosts or hostsFrom make',
  ok: (value): value is BaseUrl =>
    typeof value === 'string'
      ? value !== ''
      : Array.isArray(value)
        ? value.length > 0 && value.every((url) => typeof url === 'string')
        : isResolver(value),
};

function isResolver(value: unknown): value is HostResolver {
  if (typeof value !== 'object' || value === null) return false;
  const { baseUrl, resolve } = value as Partial<HostResolver>;
  return typeof baseUrl === 'string' && typeof resolve === 'function';
}

/** @throws ConfigError naming the URL that will not do, by its place and never by its text. */
export function readBaseUrl(path: string, given: BaseUrl): ServiceAddress {
  if (typeof given === 'string') return { ...placeOf(httpUrl(path, given)), source: undefined };
  if ('resolve' in given) return { ...placeOf(httpUrl(path, given.baseUrl)), source: given };
  const urls = given.map((url, i) => httpUrl(`${path}[${i}]`, url));
  const [first] = urls as [URL, ...URL[]];
  const service = placeOf(first);
  const hosts = new Map<string, KnownHost>();
  urls.forEach((url, i) => {
    const place = placeOf(url);
    // A request is made before its host is chosen, so it has to be the same for all of them.
    if (place.prefix !== service.prefix) throw new ConfigError(`${path}[${i}]`, 'the path of the first', 'another one');
    // Where one host is asked in the clear, a token goes out in the clear.
    if (url.protocol !== first.protocol) throw new ConfigError(`${path}[${i}]`, first.protocol, url.protocol);
    const host = readHost(place.origin, url.protocol) as KnownHost;
    if (hosts.has(host.key)) throw new ConfigError(`${path}[${i}]`, 'each host once', 'one that is there already');
    hosts.set(host.key, host);
  });
  return { ...service, source: urls.length === 1 ? undefined : [...hosts.values()] };
}

function placeOf(url: URL): { readonly origin: string; readonly prefix: string } {
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') };
}
