import type { Call } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import {
  type Check,
  type Checks,
  callable,
  flag,
  milliseconds,
  number,
  readOptions,
  whole,
} from '../contract/options.ts';
import { throttled } from './judged-error.ts';
import { show } from './show.ts';

/** How a step is carried out, whatever it does. */
export interface StepManner {
  /** How long it takes, in milliseconds of the clock. @default none: it ends in the turn in which it begins */
  readonly afterMs?: number;
  /** Goes on when its call is cancelled, as work that does not listen. @default false */
  readonly ignoresCancel?: boolean;
  /** For how many attempts in a row; Infinity for all that follow. @default 1 */
  readonly times?: number;
}

/**
 * What one attempt does: exactly one of these, in some manner; an error stands for the step that throws it. Unless it
 * ignores that, a step ends with the reason of the cancellation as soon as its call is cancelled.
 */
export type ScriptStep<T> = Error | (StepManner & Deed<T>);

type Deed<T> =
  | { /** The value it answers. */ readonly answer: T }
  | { /** What it throws, an error or not. */ readonly fail: unknown }
  | {
      /** Throws an error that is judged as throttled: come back in so many milliseconds, or `true` for no word of it. */
      readonly throttle: number | true;
    }
  | { /** Does not end by itself: until it is cancelled, or the test ends it. */ readonly hang: true }
  | { /** Does as the function does, which is given the call. */ readonly run: (call: Call) => T | Promise<T> };

/** A step as it has been checked. `undefined` means that it hangs. */
export interface CheckedStep<T> {
  readonly does: ((call: Call) => T | Promise<T>) | undefined;
  readonly afterMs: number | undefined;
  readonly ignoresCancel: boolean;
  readonly times: number;
  /** In a few words. */
  readonly words: string;
}

interface AnyStep extends StepManner {
  readonly answer?: unknown;
  readonly fail?: unknown;
  readonly throttle?: number | true;
  readonly hang?: true;
  readonly run?: (call: Call) => unknown;
}

const deeds = ['answer', 'fail', 'throttle', 'hang', 'run'] as const;
const valued: readonly string[] = ['answer', 'fail'];

const anything: Check<unknown> = { expected: 'anything', ok: (_): _ is unknown => true };
const retryAfter = number(0);
const count = whole(1);
const checks: Checks<AnyStep> = {
  answer: anything,
  fail: anything,
  throttle: {
    expected: `${retryAfter.expected}, or true`,
    ok: (value): value is number | true => value === true || retryAfter.ok(value),
  },
  hang: { expected: 'true', ok: (value): value is true => value === true },
  run: callable(),
  afterMs: milliseconds('zero-allowed'),
  ignoresCancel: flag,
  times: {
    expected: `${count.expected}, or Infinity`,
    ok: (value): value is number => value === Number.POSITIVE_INFINITY || count.ok(value),
  },
};

/** Checks the steps of a script. @throws ConfigError naming the step that cannot be. */
export function readSteps<T>(steps: readonly ScriptStep<T>[]): CheckedStep<T>[] {
  if (!Array.isArray(steps)) throw new ConfigError('script', 'a list of steps', steps);
  return steps.map((given, i) => {
    const step = given instanceof Error ? { fail: given } : given;
    const path = `script[${i}]`;
    const { afterMs, ignoresCancel, times } = readOptions(path, step as AnyStep, checks, manner);
    // By their being there, because an answer of undefined is one; of the others, it says nothing.
    const [deed, ...more] = deeds.filter(
      (name) => Object.hasOwn(step, name) && (valued.includes(name) || Reflect.get(step, name) !== undefined),
    );
    if (deed === undefined || more.length > 0) {
      const got = deed === undefined ? 'none' : [deed, ...more].join(' and ');
      throw new ConfigError(path, `one of ${deeds.join(', ')}`, got);
    }
    if (deed === 'hang' && afterMs !== undefined) {
      throw new ConfigError(`${path}.afterMs`, 'nothing beside hang', afterMs);
    }
    if (times === Number.POSITIVE_INFINITY && i < steps.length - 1) {
      throw new ConfigError(`${path}.times`, 'a number, for any step but the last', times);
    }
    const value: unknown = Reflect.get(step, deed);
    return { does: doing<T>(deed, value), afterMs, ignoresCancel, times, words: inWords(deed, value, afterMs, times) };
  });
}

const manner: { readonly ignoresCancel: boolean; readonly times: number } = { ignoresCancel: false, times: 1 };

function doing<T>(deed: (typeof deeds)[number], value: unknown): CheckedStep<T>['does'] {
  if (deed === 'hang') return undefined;
  if (deed === 'run') return value as (call: Call) => T | Promise<T>;
  if (deed === 'answer') return () => value as T;
  return () => {
    // An error of its own for each attempt: whoever gives up writes on it why.
    throw deed === 'fail' ? value : throttled(value === true ? undefined : (value as number));
  };
}

function inWords(deed: string, value: unknown, afterMs: number | undefined, times: number): string {
  const what = deed === 'hang' || (deed === 'throttle' && value === true) ? deed : `${deed} ${show(value)}`;
  return `${what}${afterMs === undefined ? '' : ` after ${afterMs} ms`}${times === 1 ? '' : `, ${times} times`}`;
}
