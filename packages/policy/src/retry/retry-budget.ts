import type { Budget } from '../contract/budget.ts';
import { ConfigError } from '../contract/errors.ts';
import { type Checks, milliseconds, number, readOptions } from '../contract/options.ts';
import { type Clock, type Runtime, systemRuntime } from '../contract/runtime.ts';
import { RollingSum } from '../stats/rolling-sum.ts';

/** How much may be sent on top of what was asked for. */
export interface RetryBudgetOptions {
  /** Retries per call inside the window, from 0 to 1: 0.2 adds at most a fifth to the load. @default 0.2 */
  readonly ratio?: number;
  /**
   * Retries per second that are there whatever the ratio says, 0 or more: without them a client of few calls could
   * never retry. Not both this and `ratio` may be 0. @default 3
   */
  readonly minPerSecond?: number;
  /** How long a call earns and a retry costs, in milliseconds, above 0. @default 10_000 */
  readonly windowMs?: number;
}

/** What applies where an option is left out. */
export const retryBudgetDefaults: Required<RetryBudgetOptions> = Object.freeze({
  ratio: 0.2,
  minPerSecond: 3,
  windowMs: 10_000,
});

/** What a budget holds at one moment. */
export interface RetryBudgetSnapshot {
  /** Retries that would be granted now, one after the other. */
  readonly available: number;
  readonly callsInWindow: number;
  /** Granted and not given back, whatever they were paid from. */
  readonly retriesInWindow: number;
}

const checks: Checks<RetryBudgetOptions> = {
  ratio: number(0, 1),
  minPerSecond: number(0, 1_000_000),
  windowMs: milliseconds(),
};

/**
 * Keeps retries from becoming a storm. Every call earns a share of a retry; every retry, of whatever call, is paid from
 * what was earned inside the window, and if that does not reach, from a small allowance per second. One budget stands
 * for one target: share it between everything that sends there.
 *
 * The bound, for any pattern of calls and failures, at any moment:
 * `retries ≤ ratio × calls + minPerSecond × (elapsed seconds + 1)`. Calls and paid retries sit in the same buckets, so
 * inside the window of each grant the ratio holds; going back from the last grant, such windows tile all of time without
 * overlap, so it holds for all of it. The allowance starts with one second's worth and gains no more than its rate.
 *
 * The windowed ratio with a floor is that of Finagle's RetryBudget and tower's `retry/budget`; both count a floor into
 * the window, where ours is a token bucket, so that the floor of a whole window cannot be spent in one instant.
 */
export class RetryBudget implements Budget {
  readonly #ratio: number;
  readonly #minPerSecond: number;
  readonly #clock: Clock;
  readonly #calls: RollingSum;
  readonly #paidByRatio: RollingSum;
  readonly #paidByFloor: RollingSum;
  #tokens: number;
  #refilledAt: number;

  /** @throws ConfigError with a path such as `retryBudget.ratio`. */
  constructor(options: RetryBudgetOptions = {}, runtime: Runtime = systemRuntime) {
    const { ratio, minPerSecond, windowMs } = readOptions('retryBudget', options, checks, retryBudgetDefaults);
    if (ratio === 0 && minPerSecond === 0) {
      throw new ConfigError('retryBudget.minPerSecond', 'a number above 0 when ratio is 0', minPerSecond);
    }
    this.#ratio = ratio;
    this.#minPerSecond = minPerSecond;
    this.#clock = runtime.clock;
    this.#calls = new RollingSum(windowMs);
    this.#paidByRatio = new RollingSum(windowMs);
    this.#paidByFloor = new RollingSum(windowMs);
    this.#tokens = minPerSecond;
    this.#refilledAt = runtime.clock.now();
  }

  /** A call begins. Once per call, not per attempt: a retry must not earn the next one. */
  deposit(): void {
    this.#calls.add(this.#clock.now());
  }

  /** Asks for one retry. What is granted and then not sent must be given back. */
  tryWithdraw(): boolean {
    const now = this.#clock.now();
    if (this.#paidByRatio.sum(now) + 1 <= this.#ratio * this.#calls.sum(now)) {
      this.#paidByRatio.add(now);
      return true;
    }
    this.#refill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    this.#paidByFloor.add(now);
    return true;
  }

  /** A retry that had been granted was not sent after all. */
  giveBack(): void {
    const now = this.#clock.now();
    // Nobody remembers what it was paid from. Either place keeps the bound, since the other one stays a retry short.
    if (this.#paidByRatio.takeBack(now)) return;
    if (!this.#paidByFloor.takeBack(now)) return;
    this.#refill(now);
    this.#tokens = Math.min(this.#capacity, this.#tokens + 1);
  }

  /** What it holds now. */
  snapshot(): RetryBudgetSnapshot {
    const now = this.#clock.now();
    this.#refill(now);
    const callsInWindow = this.#calls.sum(now);
    const paidByRatio = this.#paidByRatio.sum(now);
    return {
      available: Math.max(0, Math.floor(this.#ratio * callsInWindow - paidByRatio)) + Math.floor(this.#tokens),
      callsInWindow,
      retriesInWindow: paidByRatio + this.#paidByFloor.sum(now),
    };
  }

  /** Its settings in a few words, for the line of the policy that draws on it. */
  describe(): string {
    return `${this.#ratio} of calls + ${this.#minPerSecond}/s`;
  }

  /** One second's worth, but a whole retry at least: a floor of one in ten seconds would never reach one otherwise. */
  get #capacity(): number {
    return this.#minPerSecond === 0 ? 0 : Math.max(1, this.#minPerSecond);
  }

  #refill(now: number): void {
    const earned = ((now - this.#refilledAt) / 1_000) * this.#minPerSecond;
    this.#tokens = Math.min(this.#capacity, this.#tokens + earned);
    this.#refilledAt = now;
  }
}

/**
 * Makes a budget for the retries to one target.
 * @throws ConfigError with a path such as `retryBudget.ratio`.
 */
export function retryBudget(options: RetryBudgetOptions = {}, runtime: Runtime = systemRuntime): RetryBudget {
  return new RetryBudget(options, runtime);
}
