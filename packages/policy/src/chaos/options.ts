import type { Call } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import type { ChaosInjected } from '../contract/events.ts';
import { type Check, type Checks, callable, milliseconds, number, readOptions } from '../contract/options.ts';

/** What goes wrong on purpose, how often, and whether at all. Exactly one of `fault`, `latencyMs`, `result`, `behaviour`. */
export interface ChaosOptions<F = never> {
  /**
   * The switch. A function is asked per call; only `true` is on. Off by default, so that a policy that was left in by
   * mistake does no harm. @default false
   */
  readonly enabled?: boolean | ((call: Call) => boolean);
  /**
   * The share of calls that are hit, 0 to 1. A function is asked per call; below 0 is 0, above 1 is 1, and nonsense is 0.
   * @default 0.001
   */
  readonly rate?: number | ((call: Call) => number);
  /** Makes the error that a call fails with in place of being made; `undefined` lets this call be. @default none */
  readonly fault?: (call: Call) => unknown;
  /**
   * How long a call is held up before it is made, in milliseconds, above 0. A function is asked per call; what is not a
   * number above 0 lets this call be. @default none
   */
  readonly latencyMs?: number | ((call: Call) => number);
  /** Makes the answer that a call gets in place of being made. @default none */
  readonly result?: (call: Call) => F | Promise<F>;
  /** Is run before a call is made: clears a cache, closes a connection, stops a container. @default none */
  readonly behaviour?: (call: Call) => void | Promise<void>;
}

/** What holds where `ChaosOptions` are silent. */
export const chaosDefaults: { readonly enabled: boolean; readonly rate: number } = Object.freeze({
  enabled: false,
  rate: 0.001,
});

/** Which of the four it does. */
export type ChaosKind = ChaosInjected['kind'];

/** Options that have been checked and filled in. */
export interface ChaosSettings<F> extends ChaosOptions<F> {
  readonly enabled: boolean | ((call: Call) => boolean);
  readonly rate: number | ((call: Call) => number);
  readonly kind: ChaosKind;
}

/** The same check of a value that may also be made per call. */
function orFunction<T, G>(check: Check<T>): Check<T | G> {
  return {
    expected: `${check.expected}, or a function`,
    ok: (value): value is T | G => typeof value === 'function' || check.ok(value),
  };
}

const flag: Check<boolean> = { expected: 'true, false', ok: (value): value is boolean => typeof value === 'boolean' };

const checks: Checks<ChaosOptions<unknown>> = {
  enabled: orFunction<boolean, (call: Call) => boolean>(flag),
  rate: orFunction<number, (call: Call) => number>(number(0, 1)),
  fault: callable<(call: Call) => unknown>(),
  latencyMs: orFunction<number, (call: Call) => number>(milliseconds()),
  result: callable<(call: Call) => unknown>(),
  behaviour: callable<(call: Call) => void | Promise<void>>(),
};

const kinds = { fault: 'fault', latencyMs: 'latency', result: 'result', behaviour: 'behaviour' } as const;

/** Checks options once. @throws ConfigError when one is wrong or unknown, or there is not exactly one thing to do. */
export function readChaosOptions<F>(options: ChaosOptions<F>): ChaosSettings<F> {
  const read = readOptions('chaos', options, checks, chaosDefaults) as ChaosOptions<F> & typeof chaosDefaults;
  const given = (Object.keys(kinds) as (keyof typeof kinds)[]).filter((name) => read[name] !== undefined);
  const [only] = given;
  if (only === undefined || given.length > 1) {
    const got = only === undefined ? 'none' : given.join(' and ');
    throw new ConfigError('chaos', `exactly one of ${Object.keys(kinds).join(', ')}`, got);
  }
  return { ...read, kind: kinds[only] };
}
