import type { Call } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import {
  anyText,
  type Check,
  type Checks,
  callable,
  flag,
  milliseconds,
  oneOf,
  readOptions,
  required,
  whole,
} from '../contract/options.ts';
import type { Classify } from '../contract/outcome.ts';

/** How much of the rate a call takes: a number, or a function of the call. */
export type Weight = number | ((call: Call) => number);

/** How many calls may go in how much time, and who may wait for a turn. */
export interface RateLimiterOptions {
  /** Calls, or rather weight, per `intervalMs`, a whole number from 1 to 1,000,000,000. */
  readonly limit: number;
  /** The time that `limit` is for, in milliseconds, above 0. @default 1_000 */
  readonly intervalMs?: number;
  /**
   * What may go at once after a pause, a whole number of at least 1; no call may weigh more. Any stretch of time lets
   * through at most this much on top of the rate, so that a quota counted in windows of `intervalMs` must be as large
   * as `limit` and `burst` together. @default the limit
   */
  readonly burst?: number;
  /**
   * `bursty`: calls go at once while there are tokens. `smooth`: each keeps the next `intervalMs / limit` free, times
   * its weight, so that no two ever go together; best with a `maxWaitMs`. @default 'bursty'
   */
  readonly pacing?: 'bursty' | 'smooth';
  /** How it is counted. Both decide alike; `gcra` keeps a single number. @default 'token-bucket' */
  readonly algorithm?: 'token-bucket' | 'gcra';
  /**
   * The longest wait for a turn, in milliseconds; 0 refuses at once. A call whose turn would come later than this, or
   * after its deadline, is refused at once, since the wait would be in vain. @default 0
   */
  readonly maxWaitMs?: number;
  /** Calls and reservations that wait at the same time, a whole number of at least 0. @default 64 */
  readonly maxQueue?: number;
  /**
   * What a call takes, above 0 and at most `burst`. A function is asked once per call; if it throws, or answers
   * anything but a number above 0, the call weighs 1. @default 1
   */
  readonly weight?: Weight;
  /**
   * Whether a call that is judged `throttled` takes all tokens away, as `drain()` does: the other side counts
   * differently, and it is right. Of the calls under way, only the first has this effect. @default false
   */
  readonly drainWhenThrottled?: boolean;
  /** What it protects, for errors and events of calls that name no target. @default '' */
  readonly name?: string;
  /** Judges how the work ended; matters to `drainWhenThrottled` alone. @default none */
  readonly classify?: Classify;
}

/** What applies where an option is left out. */
export const rateLimiterDefaults: Required<Omit<RateLimiterOptions, 'limit' | 'burst' | 'classify'>> = Object.freeze({
  intervalMs: 1_000,
  pacing: 'bursty',
  algorithm: 'token-bucket',
  maxWaitMs: 0,
  maxQueue: 64,
  weight: 1,
  drainWhenThrottled: false,
  name: '',
});

/** What may be changed while a limiter is in use. */
export interface RateChange {
  /** What is left out stays as it is. */
  readonly limit?: number;
  readonly intervalMs?: number;
  /** Left out, it follows `limit` if it was left out when the limiter was made. */
  readonly burst?: number;
}

/** Options that have been read. */
export type RateLimiterSettings = Required<Omit<RateLimiterOptions, 'classify'>> & Pick<RateLimiterOptions, 'classify'>;

/** Whether a value can be the weight of a call. */
export function isWeight(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) > 0;
}

const expectedWeight = 'a number above 0';

/**
 * A weight that somebody gave by hand.
 * @throws ConfigError if it is none.
 */
export function checkedWeight(weight: number): number {
  if (!isWeight(weight)) throw new ConfigError('rateLimiter.weight', expectedWeight, weight);
  return weight;
}

const weightOrFunction: Check<Weight> = {
  expected: `${expectedWeight}, or a function of the call`,
  ok: (value): value is Weight => isWeight(value) || typeof value === 'function',
};

// Beyond a million per millisecond a clock of microseconds could not tell two tokens apart.
const limit = whole(1, 1_000_000_000);

const checks: Checks<RateLimiterOptions> = {
  limit: required(limit),
  intervalMs: milliseconds(),
  burst: whole(1),
  pacing: oneOf('bursty', 'smooth'),
  algorithm: oneOf('token-bucket', 'gcra'),
  maxWaitMs: milliseconds('zero-allowed'),
  maxQueue: whole(0),
  weight: weightOrFunction,
  drainWhenThrottled: flag,
  name: anyText,
  classify: callable<Classify>(),
};

const changeChecks: Checks<RateChange> = { limit, intervalMs: checks.intervalMs, burst: checks.burst };

/**
 * Checks what was given and fills in the rest.
 * @throws ConfigError with a path such as `rateLimiter.limit`.
 */
export function readRateLimiterOptions(given: RateLimiterOptions): RateLimiterSettings {
  const read = readOptions('rateLimiter', given, checks, rateLimiterDefaults);
  return fitting({ ...read, burst: read.burst ?? read.limit });
}

/**
 * The settings after a change.
 * @throws ConfigError with a path such as `rateLimiter.burst`; then nothing has changed.
 */
export function changedSettings(
  now: RateLimiterSettings,
  change: RateChange,
  burstFollowsLimit: boolean,
): RateLimiterSettings {
  const { limit, intervalMs, burst } = readOptions('rateLimiter', change, changeChecks, {
    limit: now.limit,
    intervalMs: now.intervalMs,
  });
  return fitting({ ...now, limit, intervalMs, burst: burst ?? (burstFollowsLimit ? limit : now.burst) });
}

function fitting(settings: RateLimiterSettings): RateLimiterSettings {
  const { weight, burst } = settings;
  if (typeof weight === 'number' && weight > burst) {
    throw new ConfigError('rateLimiter.weight', `a number of at most burst (${burst}): no call could go`, weight);
  }
  return settings;
}
