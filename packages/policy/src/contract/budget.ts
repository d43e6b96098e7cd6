import { hush } from './hush.ts';
import type { Check } from './options.ts';
import type { Verdict } from './outcome.ts';

/**
 * What further sends are paid from, retries and hedges alike: one per target, shared by everything that sends there.
 * None of the methods may throw. An implementation that does costs its user the further send and nothing else.
 */
export interface Budget {
  /** A call begins. Once per call, not per attempt: a further send must not earn the next one. */
  deposit(): void;
  /**
   * Asks for one further send. What is granted and then not sent must be given back.
   * @param verdict What it is asked for, where the price depends on it.
   */
  tryWithdraw(verdict?: Verdict): boolean;
  /**
   * A send that had been granted was not made after all.
   * @param verdict The one it was granted for.
   */
  giveBack(verdict?: Verdict): void;
  /**
   * A call has succeeded. Told once per call, by the policy that deposited it.
   * @param paidFor What its last further send was granted for, if there was one.
   */
  succeeded?(paidFor?: Verdict): void;
  /** An attempt has ended as a failure or as throttled. Told before a further send is asked for. */
  failed?(verdict: Verdict): void;
  /** Its settings in a few words, for the line of the policy that draws on it. */
  describe(): string;
}

/** Checks by its methods rather than its class, so that a budget made by another copy of the library will do. */
export const budgetCheck: Check<Budget> = {
  expected: 'a budget, as retryBudget(), tokenThrottle() and retryQuota() make it',
  ok: (value): value is Budget =>
    typeof value === 'object' &&
    value !== null &&
    ['deposit', 'tryWithdraw', 'giveBack'].every((method) => typeof Reflect.get(value, method) === 'function'),
};

/** A budget made harmless: nothing that it throws reaches a call, and only `true` grants. */
export class GuardedBudget implements Budget {
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  deposit(): void {
    try {
      hush(this.#budget.deposit());
    } catch {}
  }

  tryWithdraw(verdict?: Verdict): boolean {
    try {
      const granted: unknown = this.#budget.tryWithdraw(verdict);
      if (granted === true) return true;
      hush(granted);
    } catch {}
    return false;
  }

  giveBack(verdict?: Verdict): void {
    try {
      hush(this.#budget.giveBack(verdict));
    } catch {}
  }

  succeeded(paidFor?: Verdict): void {
    try {
      hush(this.#budget.succeeded?.(paidFor));
    } catch {}
  }

  failed(verdict: Verdict): void {
    try {
      hush(this.#budget.failed?.(verdict));
    } catch {}
  }

  describe(): string {
    try {
      const said: unknown = this.#budget.describe();
      if (typeof said === 'string') return said;
      hush(said);
    } catch {}
    return 'one that cannot say what it is';
  }
}
