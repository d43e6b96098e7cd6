import { ConfigError } from '../contract/errors.ts';
import { anyText, type Checks, callable, milliseconds, oneOf, readOptions, share, whole } from '../contract/options.ts';
import type { Classify } from '../contract/outcome.ts';

/** When a breaker opens, how long it stays open and how it comes back. */
export interface BreakerOptions {
  /** Whose circuit it is, such as `user-service`: stands in events, errors and explanations. @default '' */
  readonly name?: string;
  /**
   * What `failureRatio` is taken over: the calls of the last `windowMs`, or the last `windowCalls` calls. By count, old
   * failures weigh as much as new ones, which misleads where traffic comes and goes.
   * @default 'time'
   */
  readonly window?: 'time' | 'count';
  /** How far back a time window looks, in milliseconds, above 0. It moves on in tenths. @default 10_000 */
  readonly windowMs?: number;
  /** How many calls a count window holds: a whole number, 1 to 1,000,000. @default 100 */
  readonly windowCalls?: number;
  /** Calls the window must hold before the ratio means anything: a whole number, at least 1. @default 20 */
  readonly minimumCalls?: number;
  /**
   * Opens when this share of the window's calls failed, or more: above 0, at most 1. Also the share of probes that must
   * fail for the circuit to open again. While a good part of the calls succeeds, refusing them all does more harm than
   * the failures do, so set it low only where shedding load lets the other side recover.
   * @default 0.9
   */
  readonly failureRatio?: number;
  /** Opens after this many failures without a success between them, whatever the ratio; 0 for never. @default 20 */
  readonly consecutiveFailures?: number;
  /**
   * How long the circuit stays open the first time, in milliseconds, above 0. Doubles with each opening in a row. The
   * real time is drawn between half of that and all of it, so that many clients do not come back together.
   * @default 1_000
   */
  readonly openMs?: number;
  /** The longest it may stay open, in milliseconds, at least `openMs`. @default 10_000 */
  readonly maxOpenMs?: number;
  /** Calls admitted to find out whether the other side is well again: a whole number, at least 1. @default 5 */
  readonly probes?: number;
  /**
   * How long a probe may take before it counts as failed, in milliseconds, above 0. Keep it above the attempt timeout:
   * it is there for a call that never ends.
   * @default 5_000
   */
  readonly probeLeaseMs?: number;
  /** How long admission takes to rise after closing, in milliseconds; 0 admits all at once. @default 2_000 */
  readonly rampMs?: number;
  /** Judges each outcome in place of `classifyOutcome`. @default none */
  readonly classify?: Classify;
}

/** What holds where `BreakerOptions` are silent. */
export const breakerDefaults: Required<Omit<BreakerOptions, 'classify'>> = Object.freeze({
  name: '',
  window: 'time',
  windowMs: 10_000,
  windowCalls: 100,
  minimumCalls: 20,
  failureRatio: 0.9,
  consecutiveFailures: 20,
  openMs: 1_000,
  maxOpenMs: 10_000,
  probes: 5,
  probeLeaseMs: 5_000,
  rampMs: 2_000,
});

/** Options that have been checked and filled in. */
export interface BreakerSettings extends Required<Omit<BreakerOptions, 'classify'>> {
  readonly classify: Classify | undefined;
}

const checks: Checks<BreakerOptions> = {
  name: anyText,
  window: oneOf('time', 'count'),
  windowMs: milliseconds(),
  windowCalls: whole(1, 1_000_000),
  minimumCalls: whole(1),
  failureRatio: share,
  consecutiveFailures: whole(0),
  openMs: milliseconds(),
  maxOpenMs: milliseconds(),
  probes: whole(1),
  probeLeaseMs: milliseconds(),
  rampMs: milliseconds('zero-allowed'),
  classify: callable<Classify>(),
};

/** Checks options once. @throws ConfigError when one is wrong, unknown, or contradicts another. */
export function readBreakerOptions(options: BreakerOptions): BreakerSettings {
  const read = readOptions('breaker', options, checks, breakerDefaults);
  if (read.maxOpenMs < read.openMs) {
    throw new ConfigError('breaker.maxOpenMs', `at least openMs, which is ${read.openMs}`, read.maxOpenMs);
  }
  if (read.window === 'count' && read.windowCalls < read.minimumCalls) {
    const expected = `at least minimumCalls, which is ${read.minimumCalls}, or the ratio is never tested`;
    throw new ConfigError('breaker.windowCalls', expected, read.windowCalls);
  }
  // Copied out: what was read is kept as a dictionary, which takes four times the room of this and is slower to read.
  return {
    name: read.name,
    window: read.window,
    windowMs: read.windowMs,
    windowCalls: read.windowCalls,
    minimumCalls: read.minimumCalls,
    failureRatio: read.failureRatio,
    consecutiveFailures: read.consecutiveFailures,
    openMs: read.openMs,
    maxOpenMs: read.maxOpenMs,
    probes: read.probes,
    probeLeaseMs: read.probeLeaseMs,
    rampMs: read.rampMs,
    classify: read.classify,
  };
}
