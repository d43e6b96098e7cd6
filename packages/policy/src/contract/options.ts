import { ConfigError } from './errors.ts';
import { longestTimerMs } from './runtime.ts';

/** Says whether a value will do; the text is what is expected, for the error. */
export interface Check<T> {
  readonly expected: string;
  readonly ok: (value: unknown) => value is T;
  /** Whether it must be given. */
  readonly required?: boolean;
  /** Whether an error may show no more of it than its type. */
  readonly secret?: boolean;
}

/** The same check of an option that has no default and must be given. */
export function required<T>(check: Check<T>): Check<T> {
  return { ...check, required: true };
}

/** The same check of an option whose value no error may show. */
export function secret<T>(check: Check<T>): Check<T> {
  return { ...check, secret: true };
}

/** A whole number of at least `from` and at most `to`. */
export function whole(from: number, to: number = Number.MAX_SAFE_INTEGER): Check<number> {
  return {
    expected: range('a whole number', from, to === Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : to),
    ok: (value): value is number => Number.isInteger(value) && (value as number) >= from && (value as number) <= to,
  };
}

/** A finite number of at least `from` and at most `to`. */
export function number(from: number, to: number = Number.POSITIVE_INFINITY): Check<number> {
  return {
    expected: range('a number', from, to),
    ok: (value): value is number => Number.isFinite(value) && (value as number) >= from && (value as number) <= to,
  };
}

/** Milliseconds: a finite number, above zero unless `zero` is allowed, that a timer can hold. */
export function milliseconds(zero: 'zero-allowed' | 'above-zero' = 'above-zero'): Check<number> {
  return {
    expected: `milliseconds, ${zero === 'above-zero' ? 'above 0' : '0 or more'} and at most ${longestTimerMs}`,
    ok: (value): value is number =>
      Number.isFinite(value) &&
      (zero === 'above-zero' ? (value as number) > 0 : (value as number) >= 0) &&
      (value as number) <= longestTimerMs,
  };
}

/** A share: above 0 and at most 1. */
export const share: Check<number> = {
  expected: 'a number above 0 and at most 1',
  ok: (value): value is number => Number.isFinite(value) && (value as number) > 0 && (value as number) <= 1,
};

/** One of the listed strings. */
export function oneOf<const T extends string>(...choices: readonly T[]): Check<T> {
  return {
    expected: `one of ${choices.map((choice) => `'${choice}'`).join(', ')}`,
    ok: (value): value is T => choices.includes(value as T),
  };
}

/** A string that is not empty. */
export const text: Check<string> = {
  expected: 'a string that is not empty',
  ok: (value): value is string => typeof value === 'string' && value !== '',
};

/** Any string. */
export const anyText: Check<string> = {
  expected: 'a string',
  ok: (value): value is string => typeof value === 'string',
};

/** `true` or `false`. */
export const flag: Check<boolean> = {
  expected: 'true or false',
  ok: (value): value is boolean => typeof value === 'boolean',
};

/** Any function. Its own arguments are checked by the compiler alone. */
export function callable<T>(): Check<T> {
  return { expected: 'a function', ok: (value): value is T => typeof value === 'function' };
}

/** Any object, left as it is: something that another module made and has checked. */
export function made<T>(what: string): Check<T> {
  return { expected: what, ok: (value): value is T => typeof value === 'object' && value !== null };
}

/** A check per option; `undefined` in the options means the default. */
export type Checks<T> = { readonly [K in keyof T]-?: Check<Exclude<T[K], undefined>> };

/**
 * Checks options once, when a thing is made: unknown names, wrong types, values out of range. The answer has only own,
 * known properties, so what someone put on `Object.prototype` is never read as a setting.
 * @throws ConfigError naming the path, what was expected and what came.
 */
export function readOptions<T extends object, D extends Partial<T>>(
  path: string,
  given: T,
  checks: Checks<T>,
  defaults: D,
): Omit<T, keyof D> & Required<Pick<T, keyof D & keyof T>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigError(path, 'an object of options', given);
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(checks, name)) {
      throw new ConfigError(
        `${path}.${name}`,
        `one of the options ${Object.keys(checks).join(', ')}`,
        'an unknown one',
      );
    }
  }
  const read: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(checks) as (keyof T & string)[]) {
    const own = Object.hasOwn(given, name) ? given[name] : undefined;
    const check: Check<unknown> = checks[name];
    if (own === undefined) {
      if (check.required) throw new ConfigError(`${path}.${name}`, check.expected, 'nothing');
      if (Object.hasOwn(defaults, name)) read[name] = defaults[name as unknown as keyof D];
      continue;
    }
    if (!check.ok(own)) {
      throw new ConfigError(`${path}.${name}`, check.expected, check.secret ? `a ${typeof own} that is not` : own);
    }
    read[name] = own;
  }
  return read as Omit<T, keyof D> & Required<Pick<T, keyof D & keyof T>>;
}

function range(what: string, from: number, to: number): string {
  return to === Number.POSITIVE_INFINITY ? `${what} of at least ${from}` : `${what} from ${from} to ${to}`;
}
