import { ConfigError } from '../contract/errors.ts';
import { type Check, type Checks, callable, milliseconds, readOptions, whole } from '../contract/options.ts';
import type { Classify } from '../contract/outcome.ts';
import type { RetryBudget } from './retry-budget.ts';

/** How often, after which wait and at whose expense a failed call is sent again. */
export interface RetryOptions {
  /**
   * Sends after the first one, a whole number of at least 0; 0 turns retrying off. More than 3 rarely helps one call
   * and always hurts a target that is down. @default 2
   */
  readonly maxRetries?: number;
  /**
   * Upper bound of the first wait, in milliseconds, above 0 and at most `maxMs`; it doubles per retry. The wait itself
   * is drawn evenly between 0 and the bound. @default 50
   */
  readonly baseMs?: number;
  /** What the growing bound stops at, in milliseconds, above 0. @default 1_000 */
  readonly maxMs?: number;
  /**
   * What `baseMs` is when the other side asks for less (429, 503 with Retry-After), in milliseconds, above 0. The bound
   * then grows up to the larger of this and `maxMs`. @default 1_000
   */
  readonly throttledBaseMs?: number;
  /**
   * The longest wait the other side may ask for, in milliseconds, 0 or more. A longer wish ends the loop: the last
   * error is thrown now, with the wish on it. @default 30_000
   */
  readonly maxRetryAfterMs?: number;
  /**
   * What retries are paid from: one per target, shared by everything that sends to it. Without one, an outage
   * multiplies the load on the target by up to `1 + maxRetries`. @default none
   */
  readonly budget?: RetryBudget;
  /**
   * Judges how an attempt ended. A value may be judged too: one whose verdict asks for a retry is thrown away, or
   * returned as it is when the loop gives up. @default none
   */
  readonly classify?: Classify;
}

/** What applies where an option is left out. */
export const retryDefaults: Required<Omit<RetryOptions, 'budget' | 'classify'>> = Object.freeze({
  maxRetries: 2,
  baseMs: 50,
  maxMs: 1_000,
  throttledBaseMs: 1_000,
  maxRetryAfterMs: 30_000,
});

/** Options that have been read: every setting with a default is there. */
export type RetrySettings = Required<Omit<RetryOptions, 'budget' | 'classify'>> &
  Pick<RetryOptions, 'budget' | 'classify'>;

// By its methods rather than its class, so that a budget made by another copy of the library will do.
const budget: Check<RetryBudget> = {
  expected: 'a RetryBudget, as retryBudget() makes it',
  ok: (value): value is RetryBudget =>
    typeof value === 'object' &&
    value !== null &&
    ['deposit', 'tryWithdraw', 'giveBack'].every((method) => typeof Reflect.get(value, method) === 'function'),
};

const checks: Checks<RetryOptions> = {
  maxRetries: whole(0),
  baseMs: milliseconds(),
  maxMs: milliseconds(),
  throttledBaseMs: milliseconds(),
  maxRetryAfterMs: milliseconds('zero-allowed'),
  budget,
  classify: callable<Classify>(),
};

/**
 * Checks what was given and fills in the rest.
 * @throws ConfigError with a path such as `retry.maxRetries`.
 */
export function readRetryOptions(given: RetryOptions): RetrySettings {
  const settings = readOptions('retry', given, checks, retryDefaults);
  if (settings.baseMs > settings.maxMs) {
    throw new ConfigError('retry.baseMs', `milliseconds of at most maxMs (${settings.maxMs})`, settings.baseMs);
  }
  return settings;
}
