import type { Budget } from '../contract/budget.ts';
import { ConfigError } from '../contract/errors.ts';
import { type Checks, readOptions, whole } from '../contract/options.ts';
import type { Verdict } from '../contract/outcome.ts';

/** What a retry costs, and what a success is worth. */
export interface RetryQuotaOptions {
  /** Units at the beginning and at most, a whole number of at least 1. @default 500 */
  readonly capacity?: number;
  /** What a retry after a failure costs, a whole number from 1 to `capacity`. @default 14 */
  readonly cost?: number;
  /**
   * What a retry costs when the other side asked for less, a whole number from 1 to `capacity`. Cheaper, since the wait
   * before it is longer. @default 5
   */
  readonly throttledCost?: number;
  /** What a call that succeeds at its first attempt brings in, a whole number of at least 0. @default 1 */
  readonly refund?: number;
}

/** What applies where an option is left out. */
export const retryQuotaDefaults: Required<RetryQuotaOptions> = Object.freeze({
  capacity: 500,
  cost: 14,
  throttledCost: 5,
  refund: 1,
});

/** What a quota holds at one moment. */
export interface RetryQuotaSnapshot {
  readonly units: number;
  readonly capacity: number;
  /** Retries after a failure that would be granted now, one after the other. */
  readonly available: number;
}

const checks: Checks<RetryQuotaOptions> = {
  capacity: whole(1),
  cost: whole(1),
  throttledCost: whole(1),
  refund: whole(0),
};

/**
 * The retry quota of the AWS SDKs: a retry takes units, one that leads to success brings its own back, and a call that
 * needed none brings in a little more. It knows no time: what an outage has used up, only successes bring back.
 *
 * The bound: retries that led to nothing ≤ (capacity + refund × successes) / the cheaper of the two costs.
 *
 * Source: Smithy and AWS SDK "standard" retry mode, with the costs that the SDKs have had since 2026.
 */
export class RetryQuota implements Budget {
  readonly #capacity: number;
  readonly #cost: number;
  readonly #throttledCost: number;
  readonly #refund: number;
  #units: number;

  /** @throws ConfigError with a path such as `retryQuota.cost`. */
  constructor(options: RetryQuotaOptions = {}) {
    const { capacity, cost, throttledCost, refund } = readOptions('retryQuota', options, checks, retryQuotaDefaults);
    for (const [name, price] of Object.entries({ cost, throttledCost })) {
      if (price > capacity) throw new ConfigError(`retryQuota.${name}`, `at most capacity (${capacity})`, price);
    }
    this.#capacity = capacity;
    this.#cost = cost;
    this.#throttledCost = throttledCost;
    this.#refund = refund;
    this.#units = capacity;
  }

  /** A call earns nothing by beginning. */
  deposit(): void {}

  /** Asks for one retry. */
  tryWithdraw(verdict?: Verdict): boolean {
    const price = this.#priceOf(verdict);
    if (price > this.#units) return false;
    this.#units -= price;
    return true;
  }

  giveBack(verdict?: Verdict): void {
    this.#earn(this.#priceOf(verdict));
  }

  succeeded(paidFor?: Verdict): void {
    this.#earn(paidFor === undefined ? this.#refund : this.#priceOf(paidFor));
  }

  /** What it holds now. */
  snapshot(): RetryQuotaSnapshot {
    return { units: this.#units, capacity: this.#capacity, available: Math.floor(this.#units / this.#cost) };
  }

  describe(): string {
    return `${this.#capacity} units, ${this.#cost} a retry, ${this.#throttledCost} when throttled`;
  }

  #priceOf(verdict: Verdict | undefined): number {
    return verdict?.kind === 'throttled' ? this.#throttledCost : this.#cost;
  }

  #earn(units: number): void {
    this.#units = Math.min(this.#capacity, this.#units + units);
  }
}

/**
 * Makes a quota for the retries to one target, as the AWS SDKs have it.
 * @throws ConfigError with a path such as `retryQuota.cost`.
 */
export function retryQuota(options: RetryQuotaOptions = {}): RetryQuota {
  return new RetryQuota(options);
}
