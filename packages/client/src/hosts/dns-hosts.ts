import { ConfigError } from '@switchgear/policy';
import { type Check, made, milliseconds, oneOf, readOptions } from '@switchgear/policy/options';
import { type AddressRecord, type Lookups, systemLookups } from '../dns-lookups.ts';
import { httpUrl } from '../request/http-url.ts';
import { literalAddress } from '../transport/egress.ts';
import { defaultTtlMs, type HostResolver } from './resolver.ts';

export interface DnsHostsOptions {
  /**
   * Which addresses are hosts: `ipv4`, `ipv6`, or `any`, which is the IPv4 ones if there are some, and the IPv6 ones
   * otherwise. On a machine without a way to one of the two, half of the hosts would be dead. @default 'any'
   */
  readonly family?: 'any' | 'ipv4' | 'ipv6';
  /** An answer holds at least that long, in milliseconds, whatever its time to live. @default 1_000 */
  readonly minTtlMs?: number;
  /** An answer holds at most that long, in milliseconds. @default 60_000 */
  readonly maxTtlMs?: number;
  /** What looks names up. @default systemLookups */
  readonly lookups?: Lookups;
}

/** What `dnsHosts()` takes when it is told nothing. */
export const dnsHostsDefaults: Required<Omit<DnsHostsOptions, 'lookups'>> = Object.freeze({
  family: 'any',
  minTtlMs: 1_000,
  maxTtlMs: 60_000,
});

export const lookupsCheck: Check<Lookups> = made<Lookups>('an object with addresses, services and system');

/**
 * The addresses of a name, each a host, asked for anew when their time to live is over. Requests keep the name, in the
 * Host header and to TLS. A name that DNS itself does not know is looked up as the operating system does, with its hosts
 * file and search domains.
 * @throws ConfigError if the URL is none, has an address for a name, or an option is wrong.
 */
export function dnsHosts(baseUrl: string, options: DnsHostsOptions = {}): HostResolver {
  const read = readOptions(
    'dnsHosts',
    options,
    {
      family: oneOf('any', 'ipv4', 'ipv6'),
      minTtlMs: milliseconds(),
      maxTtlMs: milliseconds(),
      lookups: lookupsCheck,
    },
    dnsHostsDefaults,
  );
  const { family, minTtlMs, maxTtlMs, lookups = systemLookups } = read;
  if (maxTtlMs < minTtlMs)
    throw new ConfigError('dnsHosts.maxTtlMs', `at least minTtlMs, which is ${minTtlMs}`, maxTtlMs);
  const { origin, hostname } = httpUrl('dnsHosts', baseUrl);
  if (literalAddress(hostname) !== undefined) throw new ConfigError('dnsHosts', 'a URL with a name', 'an address');
  const families = ({ any: [4, 6], ipv4: [4], ipv6: [6] } as const)[family];

  return {
    baseUrl,
    async resolve(signal) {
      const records = await addressesOf(hostname, families, lookups, signal);
      const ttlMs = Math.min(...records.map(({ ttl }) => ttl * 1_000), maxTtlMs);
      const hosts = records.map(({ address }) => ({ origin, address }));
      return { hosts, ttlMs: Number.isFinite(ttlMs) ? Math.max(minTtlMs, ttlMs) : minTtlMs };
    },
  };
}

/** The records of the first family that has some; failing that, what the operating system knows. */
async function addressesOf(
  name: string,
  families: readonly (4 | 6)[],
  lookups: Lookups,
  signal: AbortSignal,
): Promise<readonly AddressRecord[]> {
  let failure: unknown;
  for (const family of families) {
    try {
      const records = await lookups.addresses(name, family, signal);
      if (records.length > 0) return records;
    } catch (error) {
      failure ??= error;
    }
    signal.throwIfAborted();
  }
  try {
    const found = (await lookups.system(name)).filter((address) => families.includes(address.includes(':') ? 6 : 4));
    const first = found[0]?.includes(':');
    // Of one family, as above: the one that the operating system puts first.
    const same = found.filter((address) => address.includes(':') === first);
    if (same.length > 0) return same.map((address) => ({ address, ttl: defaultTtlMs / 1_000 }));
  } catch (error) {
    // A resolver that does not answer says less than a system that does not know the name.
    failure = error;
  }
  throw failure ?? Object.assign(new Error('no address of that family'), { code: 'ENODATA' });
}
