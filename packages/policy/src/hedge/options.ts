import { type Budget, budgetCheck } from '../contract/budget.ts';
import type { Call } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import { type Check, type Checks, callable, milliseconds, readOptions, share, whole } from '../contract/options.ts';
import type { Classify } from '../contract/outcome.ts';

/** Makes a further copy somewhere else. Its own type, so that the caller sees what else may answer. */
export type HedgeAction<F> = (call: Call, copy: number) => Promise<F>;

/** When a call that takes long is sent once more, how often, where, and at whose expense. */
export interface HedgeOptions<F = never> {
  /**
   * Copies beside the first one, a whole number from 0 to 10; 0 turns hedging off. A second copy helps most, a third
   * hardly, and each is load. @default 1
   */
  readonly maxHedges?: number;
  /**
   * How long the latest copy is given before the next is sent, in milliseconds; 0 sends all at once, and `'on-failure'`
   * the next only when one has failed. Left out, the wait follows the latencies that are seen: `quantile`. @default none
   */
  readonly delayMs?: number | 'on-failure';
  /**
   * Which of the latencies seen lately is waited for, above 0 and at most 1: at 0.95, one call in twenty is slow enough
   * for a second copy. Not beside `delayMs`. @default 0.95
   */
  readonly quantile?: number;
  /**
   * Latencies inside the window that a quantile is taken from, at least: a whole number, large enough for one of them
   * to lie beyond the quantile. Until there are that many, `warmUpDelayMs` holds. @default 100
   */
  readonly minimumSamples?: number;
  /** How far the latencies go back, in milliseconds, above 0. @default 60_000 */
  readonly windowMs?: number;
  /**
   * The wait while too few latencies have been seen, in milliseconds, 0 or more. Left out, no copy is sent then.
   * @default none
   */
  readonly warmUpDelayMs?: number;
  /**
   * Makes the copies after the first, in place of the operation: asks another place, say. `copy` is 2 for the first of
   * them. Nothing beneath this policy is run for them, so bring what they need. @default none
   */
  readonly action?: HedgeAction<F>;
  /**
   * What copies are paid from: the one that the retries to the same target have. Without one, a target that becomes
   * slow gets up to `1 + maxHedges` times the load, just then. @default none
   */
  readonly budget?: Budget;
  /**
   * Judges how a copy ended. A value may be judged too: one whose verdict asks for a retry does not win, and is
   * returned only if no copy does better. @default none
   */
  readonly classify?: Classify;
  /**
   * Takes a value that nobody gets, to release what it holds, such as the body of a response: that of a copy that lost
   * and answered all the same, or that did not do. It is not waited for, and what it throws is lost. @default none
   */
  readonly dispose?: (value: unknown) => void | Promise<void>;
}

type Optional = 'delayMs' | 'warmUpDelayMs' | 'action' | 'budget' | 'classify' | 'dispose';

/** What applies where an option is left out. */
export const hedgeDefaults: Required<Omit<HedgeOptions, Optional>> = Object.freeze({
  maxHedges: 1,
  quantile: 0.95,
  minimumSamples: 100,
  windowMs: 60_000,
});

/** Options that have been read: every setting with a default is there. */
export type HedgeSettings<F> = Required<Omit<HedgeOptions<F>, Optional>> & Pick<HedgeOptions<F>, Optional>;

const finite = milliseconds('zero-allowed');
const delay: Check<number | 'on-failure'> = {
  expected: `${finite.expected}, or 'on-failure'`,
  ok: (value): value is number | 'on-failure' => value === 'on-failure' || finite.ok(value),
};

const liveOnly = ['quantile', 'minimumSamples', 'windowMs', 'warmUpDelayMs'] as const;

/**
 * Checks what was given and fills in the rest.
 * @throws ConfigError with a path such as `hedge.maxHedges`.
 */
export function readHedgeOptions<F>(given: HedgeOptions<F>): HedgeSettings<F> {
  const checks: Checks<HedgeOptions<F>> = {
    maxHedges: whole(0, 10),
    delayMs: delay,
    quantile: share,
    minimumSamples: whole(1),
    windowMs: milliseconds(),
    warmUpDelayMs: finite,
    action: callable<HedgeAction<F>>(),
    budget: budgetCheck,
    classify: callable<Classify>(),
    dispose: callable<(value: unknown) => void | Promise<void>>(),
  };
  const settings = readOptions('hedge', given, checks, hedgeDefaults);
  if (settings.delayMs !== undefined) {
    for (const name of liveOnly) {
      if (Object.hasOwn(given, name) && given[name] !== undefined) {
        throw new ConfigError(`hedge.${name}`, 'nothing when there is a delayMs', given[name]);
      }
    }
    return settings;
  }
  // Of 20 latencies, the 0.99 quantile is the largest: what happened once would set the pace.
  const enough = Math.ceil(1 / (1 - settings.quantile) - 1e-9);
  if (settings.minimumSamples < enough) {
    const expected = Number.isFinite(enough)
      ? `a whole number of at least ${enough}, as quantile is ${settings.quantile}`
      : 'a quantile below 1';
    throw new ConfigError('hedge.minimumSamples', expected, settings.minimumSamples);
  }
  return settings;
}
