import { ConfigError } from '@switchgear/policy';
import { milliseconds, readOptions } from '@switchgear/policy/options';
import { httpUrl } from '../request/http-url.ts';
import { defaultTtlMs, type HostAddress, type HostResolver } from './resolver.ts';

export interface HostsFromOptions {
  /** For how long an answer holds, in milliseconds. @default 30_000 */
  readonly ttlMs?: number;
}

/** What `hostsFrom()` takes when it is told nothing. */
export const hostsFromDefaults: Required<HostsFromOptions> = Object.freeze({ ttlMs: defaultTtlMs });

/**
 * The hosts that a function of yours names, such as a look into a service registry: origins of the scheme of the base
 * URL. What else it answers is left out, and an answer without a single host counts as a failure.
 * @throws ConfigError if the URL is none, the function is none, or an option is wrong.
 */
export function hostsFrom(
  baseUrl: string,
  find: (signal: AbortSignal) => Promise<readonly (string | HostAddress)[]>,
  options: HostsFromOptions = {},
): HostResolver {
  const { ttlMs } = readOptions('hostsFrom', options, { ttlMs: milliseconds() }, hostsFromDefaults);
  httpUrl('hostsFrom', baseUrl);
  if (typeof find !== 'function') throw new ConfigError('hostsFrom', 'a function that finds hosts', find);
  return { baseUrl, resolve: async (signal) => ({ hosts: await find(signal), ttlMs }) };
}
