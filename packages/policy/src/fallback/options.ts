import { ConfigError } from '../contract/errors.ts';
import { type Check, type Checks, readOptions } from '../contract/options.ts';
import type { VerdictKind } from '../contract/outcome.ts';

/** A class of errors, abstract ones and those of other libraries included. */
export type ErrorClass = abstract new (...args: never[]) => unknown;

/** A sort of failure: how it is judged, or which class its error is of. */
export type FailureSort = VerdictKind | ErrorClass;

/** When a failure may be answered by something else. */
export interface FallbackOptions {
  /**
   * Which failures to answer: a function of which only `true` does, or a list of verdicts and error classes of which one
   * must fit. Left out: when the other side is away, which is a failure or throttling by its verdict, a refusal by a
   * gate, or a deadline that passed. Never when the caller has left, and never when the other side gave a proper answer,
   * such as "no such user". @default none
   */
  readonly when?: ((error: unknown) => boolean) | readonly FailureSort[];
}

const kinds: readonly unknown[] = ['success', 'failure', 'throttled', 'ignored'] satisfies VerdictKind[];

const when: Check<Exclude<FallbackOptions['when'], undefined>> = {
  expected: 'a function, or a list of verdicts and error classes that is not empty',
  ok: (value): value is Exclude<FallbackOptions['when'], undefined> =>
    typeof value === 'function' ||
    (Array.isArray(value) && value.length > 0 && value.every((sort) => kinds.includes(sort) || isClass(sort))),
};

const checks: Checks<FallbackOptions> = { when };

/** Options that have been read. A list is the policy's own: what becomes of the given one later changes nothing. */
export function readFallbackOptions(given: FallbackOptions): FallbackOptions {
  const { when: read } = readOptions('fallback', given, checks, {});
  if (read === undefined) return {};
  return { when: typeof read === 'function' ? read : [...read] };
}

/**
 * A value that every caller gets must be one that none of them can change for the others.
 * @throws ConfigError with the path `fallback.answer`.
 */
export function checkAnswer(answer: unknown): void {
  if (answer !== undefined && isUnchangeable(answer, new Set())) return;
  throw new ConfigError('fallback.answer', 'a function, or a value that is frozen through and through', answer);
}

function isUnchangeable(value: unknown, seen: Set<object>): boolean {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null || seen.has(value)) return true;
  seen.add(value);
  // What is in a Map, a Set, a Date or a promise is not among its properties, and freezing does not hold it.
  const plain = Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value));
  return plain && Object.isFrozen(value) && Object.values(value).every((part) => isUnchangeable(part, seen));
}

/** Arrow functions and methods are functions, too; a class has a prototype to be an instance of. */
function isClass(value: unknown): boolean {
  return typeof value === 'function' && typeof value.prototype === 'object';
}
