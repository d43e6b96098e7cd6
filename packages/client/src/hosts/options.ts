import { ConfigError } from '@switchgear/policy';
import { type Checks, milliseconds, number, readOptions, whole } from '@switchgear/policy/options';

/** How one of several hosts is chosen, and when one is passed over. */
export interface HostsOptions {
  /**
   * Failures in a row that eject a host; more while the other hosts fail as well, and one is enough for a host that has
   * just come back and has not succeeded since. 0 turns it off. @default 5
   */
  readonly consecutiveFailures?: number;
  /** How often success rates are compared, in milliseconds. @default 10_000 */
  readonly intervalMs?: number;
  /**
   * Ejects a host whose success rate in an interval is this many standard deviations below the mean of all. 0 turns it
   * off. @default 1.9
   */
  readonly outlierFactor?: number;
  /** How far below the mean its rate has to be as well, from 0 to 1. @default 0.1 */
  readonly outlierMargin?: number;
  /** Success rates are compared among this many hosts or more, a whole number of at least 3. @default 5 */
  readonly minimumHosts?: number;
  /** A host takes part in it with this many calls in the interval or more. @default 100 */
  readonly minimumCalls?: number;
  /** How long a host is ejected the first time, at most; each time in a row adds as much. In milliseconds. @default 5_000 */
  readonly ejectMs?: number;
  /** What that stops growing at, in milliseconds. @default 60_000 */
  readonly maxEjectMs?: number;
  /**
   * How long a new or returned host takes to get its whole share, in milliseconds. 0 gives it at once. @default 5_000
   */
  readonly slowStartMs?: number;
  /** How long a latency is remembered, in milliseconds: after that time it counts 1/e. @default 10_000 */
  readonly decayMs?: number;
  /** Hosts at most; a resolver's further ones are left out. @default 256 */
  readonly maxHosts?: number;
}

/** What applies where an option is left out. */
export const hostsDefaults: Required<HostsOptions> = Object.freeze({
  consecutiveFailures: 5,
  intervalMs: 10_000,
  outlierFactor: 1.9,
  outlierMargin: 0.1,
  minimumHosts: 5,
  minimumCalls: 100,
  ejectMs: 5_000,
  maxEjectMs: 60_000,
  slowStartMs: 5_000,
  decayMs: 10_000,
  maxHosts: 256,
});

/** Options that have been read. */
export type HostsSettings = Required<HostsOptions>;

const checks: Checks<HostsOptions> = {
  consecutiveFailures: whole(0),
  intervalMs: milliseconds(),
  outlierFactor: number(0),
  outlierMargin: number(0, 1),
  minimumHosts: whole(3),
  minimumCalls: whole(1),
  ejectMs: milliseconds(),
  maxEjectMs: milliseconds(),
  slowStartMs: milliseconds('zero-allowed'),
  decayMs: milliseconds(),
  maxHosts: whole(1, 10_000),
};

/** @throws ConfigError when one is wrong, unknown, or contradicts another. */
export function readHostsOptions(path: string, options: HostsOptions): HostsSettings {
  const read = readOptions(path, options, checks, hostsDefaults);
  if (read.maxEjectMs < read.ejectMs) {
    throw new ConfigError(`${path}.maxEjectMs`, `at least ejectMs, which is ${read.ejectMs}`, read.maxEjectMs);
  }
  // Copied out of the dictionary that was read, which is slow to look things up in.
  return { ...read };
}
