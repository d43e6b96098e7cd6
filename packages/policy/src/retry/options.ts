import { type Budget, budgetCheck } from '../contract/budget.ts';
import type { Call } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import { type Check, type Checks, callable, milliseconds, oneOf, readOptions, whole } from '../contract/options.ts';
import type { Classify, Outcome, Verdict } from '../contract/outcome.ts';

/** How the bound of the wait grows from one retry to the next. */
export type Backoff = 'exponential' | 'linear' | 'constant' | 'decorrelated';

/** How much of the bound is left to chance: all of it, the upper half, nothing. */
export type Jitter = 'full' | 'equal' | 'none';

/** An attempt that ended, and the retry that may follow it. */
export interface RetryInfo {
  /** Which retry of this loop it would be: 1 for the first. */
  readonly retry: number;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
  /** The wait before the attempt that ended, in milliseconds; 0 for the first. */
  readonly previousMs: number;
  /** The attempt that ended. */
  readonly call: Call;
}

/** A retry that has been decided on. */
export interface ScheduledRetry extends RetryInfo {
  /** How long it waits, in milliseconds. */
  readonly waitMs: number;
}

/** Answers the bound of the wait, in milliseconds. */
export type CustomBackoff = (info: RetryInfo) => number;

/** How often, after which wait and at whose expense a failed call is sent again. */
export interface RetryOptions {
  /**
   * Sends after the first one, a whole number of at least 0; 0 turns retrying off. More than 3 rarely helps one call
   * and always hurts a target that is down. @default 2
   */
  readonly maxRetries?: number;
  /**
   * How the bound of the wait grows with the retries: `exponential` doubles it, `linear` adds `baseMs`, `constant`
   * leaves it, `decorrelated` draws each wait between `baseMs` and three times the one before. A function answers the
   * bound itself, from 1 ms to `maxMs`; one that throws or answers nonsense gets `maxMs`. @default 'exponential'
   */
  readonly backoff?: Backoff | CustomBackoff;
  /**
   * How a wait is drawn beneath its bound: `full` from all of it, `equal` from its upper half, `none` takes the bound.
   * Without jitter, clients that failed together come back together. Not for `decorrelated`, which is chance already.
   * @default 'full'
   */
  readonly jitter?: Jitter;
  /**
   * Upper bound of the first wait, in milliseconds, above 0 and at most `maxMs`. @default 50
   */
  readonly baseMs?: number;
  /** What the growing bound stops at, in milliseconds, above 0. `constant` takes no notice of it. @default 1_000 */
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
   * How long after its beginning a call may still be sent again, in milliseconds, above 0. Unlike a deadline it ends no
   * attempt that is under way. @default none
   */
  readonly maxElapsedMs?: number;
  /**
   * What retries are paid from: one per target, shared by everything that sends to it. Without one, an outage
   * multiplies the load on the target by up to `1 + maxRetries`. @default none
   */
  readonly budget?: Budget;
  /**
   * Judges how an attempt ended. A value may be judged too: one whose verdict asks for a retry is thrown away, or
   * returned as it is when the loop gives up. @default none
   */
  readonly classify?: Classify;
  /**
   * Says whether an outcome, a value or an error, is worth another attempt: `true` or `false`; anything else leaves it
   * to the verdict. `true` repeats neither a refusal by a gate nor work that must not be done twice, unless that is
   * known never to have left; `classify` can. @default none
   */
  readonly retryWhen?: (outcome: Outcome, call: Call) => boolean;
  /**
   * Told of each retry when its wait begins. The next attempt waits until it has settled, but no longer than `maxMs` and
   * half of what is left of the deadline. What it throws is lost. @default none
   */
  readonly onRetry?: (retry: ScheduledRetry) => void | Promise<void>;
  /**
   * Takes a value that is thrown away for another attempt, to release what it holds, such as the body of a response. It
   * is not waited for, and what it throws is lost. @default none
   */
  readonly dispose?: (value: unknown) => void | Promise<void>;
}

type Optional = 'maxElapsedMs' | 'budget' | 'classify' | 'retryWhen' | 'onRetry' | 'dispose';

/** What applies where an option is left out. */
export const retryDefaults: Required<Omit<RetryOptions, Optional>> = Object.freeze({
  maxRetries: 2,
  backoff: 'exponential',
  jitter: 'full',
  baseMs: 50,
  maxMs: 1_000,
  throttledBaseMs: 1_000,
  maxRetryAfterMs: 30_000,
});

/** Options that have been read: every setting with a default is there. */
export type RetrySettings = Required<Omit<RetryOptions, Optional>> & Pick<RetryOptions, Optional>;

const named = oneOf('exponential', 'linear', 'constant', 'decorrelated');
const backoff: Check<Backoff | CustomBackoff> = {
  expected: `${named.expected}, or a function`,
  ok: (value): value is Backoff | CustomBackoff => named.ok(value) || typeof value === 'function',
};

const checks: Checks<RetryOptions> = {
  maxRetries: whole(0),
  backoff,
  jitter: oneOf('full', 'equal', 'none'),
  baseMs: milliseconds(),
  maxMs: milliseconds(),
  throttledBaseMs: milliseconds(),
  maxRetryAfterMs: milliseconds('zero-allowed'),
  maxElapsedMs: milliseconds(),
  budget: budgetCheck,
  classify: callable<Classify>(),
  retryWhen: callable<(outcome: Outcome, call: Call) => boolean>(),
  onRetry: callable<(retry: ScheduledRetry) => void | Promise<void>>(),
  dispose: callable<(value: unknown) => void | Promise<void>>(),
};

/**
 * Checks what was given and fills in the rest.
 * @throws ConfigError with a path such as `retry.maxRetries`.
 */
export function readRetryOptions(given: RetryOptions): RetrySettings {
  const settings = readOptions('retry', given, checks, retryDefaults);
  const { backoff, baseMs, maxMs } = settings;
  // A constant bound does not grow, and a function has no base: `maxMs` has nothing to hold back there.
  if (baseMs > maxMs && backoff !== 'constant' && typeof backoff !== 'function') {
    throw new ConfigError('retry.baseMs', `milliseconds of at most maxMs (${maxMs})`, baseMs);
  }
  if (backoff === 'decorrelated' && settings.jitter !== retryDefaults.jitter) {
    throw new ConfigError('retry.jitter', "nothing when backoff is 'decorrelated'", settings.jitter);
  }
  return settings;
}
