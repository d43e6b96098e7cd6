import { ConfigError } from '@switchgear/policy';
import { milliseconds, readOptions } from '@switchgear/policy/options';
import { type Lookups, systemLookups } from '../dns-lookups.ts';
import { httpUrl } from '../request/http-url.ts';
import { lookupsCheck } from './dns-hosts.ts';
import type { HostAddress, HostResolver } from './resolver.ts';

export interface SrvHostsOptions {
  /** For how long an answer holds, in milliseconds: Node does not tell the time to live of SRV records. @default 30_000 */
  readonly ttlMs?: number;
  /** What looks names up. @default systemLookups */
  readonly lookups?: Lookups;
}

/** What `srvHosts()` takes when it is told nothing. */
export const srvHostsDefaults: Required<Pick<SrvHostsOptions, 'ttlMs'>> = Object.freeze({ ttlMs: 30_000 });

/** RFC 2782 gives a weight of 0 "a very small chance of being selected". */
const weightOfZero = 0.1;

/**
 * The hosts that SRV records name, with their ports, priorities and weights. The URL says the record and the scheme:
 * `https://_users._tcp.example.net/api`. Requests carry the name of the host they go to.
 * Source: RFC 2782.
 * @throws ConfigError if the URL is none or has a port, or an option is wrong.
 */
export function srvHosts(baseUrl: string, options: SrvHostsOptions = {}): HostResolver {
  const { ttlMs, lookups = systemLookups } = readOptions(
    'srvHosts',
    options,
    { ttlMs: milliseconds(), lookups: lookupsCheck },
    srvHostsDefaults,
  );
  const { protocol, hostname, port } = httpUrl('srvHosts', baseUrl);
  if (port !== '') throw new ConfigError('srvHosts', 'a URL without a port, which the records say', 'one with it');
  return {
    baseUrl,
    async resolve(signal) {
      const records = await lookups.services(hostname, signal);
      const hosts = records
        // A record whose target is the root says that there is no such service.
        .filter(({ name }) => name !== '' && name !== '.')
        .map(
          ({ name, port: at, priority, weight }): HostAddress => ({
            origin: `${protocol}//${name}:${at}`,
            priority,
            weight: weight > 0 ? weight : weightOfZero,
          }),
        );
      return { hosts, ttlMs };
    },
  };
}
