import type { CallOptions } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import { anyText, type Check, type Checks, flag, made, milliseconds, readOptions } from '../contract/options.ts';
import type { FallbackOf, Policy } from '../contract/policy.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { withCall } from '../timeout/inherited-deadline.ts';
import { type Standard, type StandardOptions, standard, standardChecks } from './standard.ts';

/** A function that does its work in a promise: a call of an SDK, a query. */
export type Work = (...args: never[]) => Promise<unknown>;

/** What is said of a function, and of the stack that it goes through. */
export interface ResilientOptions<F extends Work = Work, P extends Policy<unknown> = Standard> extends StandardOptions {
  /** What is asked of the target, as it stands in errors and events. @default the name of the function */
  readonly operation?: string;
  /**
   * Whether the work may be done twice, or a function that says so of its arguments; one that throws, or answers anything
   * but `true`, says no. Nobody sees that from outside, and a wrong guess charges a card twice. @default false
   */
  readonly idempotent?: boolean | ((...args: Parameters<F>) => boolean);
  /**
   * What to go through in place of a stack of its own: the `standard()` of its target, say, so that several functions
   * share one breaker, one budget and one bulkhead. Beside it no setting of a stack may stand. @default none
   */
  readonly policy?: P;
}

/** What `resilient()` takes when it is told nothing; the stack has defaults of its own. */
export const resilientDefaults: Required<Pick<ResilientOptions, 'idempotent'>> = Object.freeze({ idempotent: false });

/** What a caller may say of one call. */
export interface ResilientCallOptions {
  /** The caller's own way to leave. Its reason is what the call rejects with. @default none */
  readonly signal?: AbortSignal | undefined;
  /** For this call, in milliseconds; it can only be nearer than the deadline of the stack. @default none */
  readonly deadlineMs?: number | undefined;
  /** Whether this call may be done twice. @default what was said of the function */
  readonly idempotent?: boolean | undefined;
  /** What makes two calls the same question, for policies that tell calls apart. @default none */
  readonly key?: string | undefined;
}

type Answer<F extends Work, P> = Promise<Awaited<ReturnType<F>> | FallbackOf<P>>;

/** What a resilient function has beside being called. */
export interface ResilientParts<F extends Work, P extends Policy<unknown> = Standard> {
  /** Calls it with a signal or a deadline of the caller's own. */
  with(options: ResilientCallOptions, ...args: Parameters<F>): Answer<F, P>;
  /** What it goes through, to look at. */
  readonly policy: P;
}

/** The same function, made to survive. Where the stack never answers in its stead, its type is the very same. */
export type Resilient<F extends Work, P extends Policy<unknown> = Standard> = ResilientParts<F, P> &
  ([FallbackOf<P>] extends [never] ? F : (...args: Parameters<F>) => Answer<F, P>);

const idempotence: Check<boolean | ((...args: never[]) => boolean)> = {
  expected: 'true, false or a function of the arguments',
  ok: (value): value is boolean | ((...args: never[]) => boolean) =>
    typeof value === 'boolean' || typeof value === 'function',
};

const aPolicy: Check<Policy<unknown>> = {
  expected: 'a policy, such as standard(…) or pipeline(…)',
  ok: (value): value is Policy<unknown> => typeof (value as Partial<Policy> | null)?.execute === 'function',
};

const checks: Checks<ResilientOptions<Work, Policy<unknown>>> = {
  ...standardChecks,
  operation: anyText,
  idempotent: idempotence,
  policy: aPolicy,
};

const callChecks: Checks<ResilientCallOptions> = {
  key: anyText,
  signal: made<AbortSignal>('an AbortSignal'),
  deadlineMs: milliseconds('zero-allowed'),
  idempotent: flag,
};

/**
 * Makes a function survive: every call of it goes through the recommended stack, or through the policy that is given. It
 * stays the same function to the compiler, `this` and type parameters included.
 *
 * The work finds the call that it is done for with `currentCall()`: its `signal`, to hand on to whatever can be aborted,
 * and its `attempt`. Calls that begin inside keep its deadline.
 * @throws ConfigError if an option is wrong or unknown, or settings contradict each other.
 */
export function resilient<F extends Work, P extends Policy<unknown> = Standard>(
  work: F,
  options: ResilientOptions<F, P> = {},
  runtime: Runtime = systemRuntime,
): Resilient<F, P> {
  if (typeof work !== 'function') throw new ConfigError('resilient.work', 'a function', work);
  const given = options as ResilientOptions<Work, Policy<unknown>>;
  const read = readOptions('resilient', given, checks, resilientDefaults);
  const { operation = work.name, idempotent, policy, name = '', ...settings } = read;
  const [beside] = Object.keys(settings);
  if (policy !== undefined && beside !== undefined) {
    const expected = 'nothing beside policy, which has settings of its own';
    throw new ConfigError(`resilient.${beside}`, expected, Reflect.get(settings, beside));
  }
  const stack = policy ?? standard({ ...settings, name }, runtime);

  const run = (self: unknown, args: Parameters<F>, said: CallOptions): Promise<unknown> =>
    stack.execute((call) => withCall(call, () => Reflect.apply(work, self, args) as Promise<unknown>, runtime), {
      target: name,
      operation,
      key: said.key,
      signal: said.signal,
      deadline: said.deadline,
      idempotent: said.idempotent ?? mayRepeat(idempotent, args),
    });
  function survives(this: unknown, ...args: Parameters<F>): Promise<unknown> {
    return run(this, args, saidNothing);
  }
  const parts: ResilientParts<F, Policy<unknown>> = {
    async with(said, ...args) {
      const call = readOptions('resilient.with', said, callChecks, {});
      const deadline = call.deadlineMs === undefined ? undefined : runtime.clock.now() + call.deadlineMs;
      return run(undefined, args, Object.assign(call, { deadline })) as Answer<F, Policy<unknown>>;
    },
    policy: stack,
  };
  Object.defineProperty(survives, 'name', { value: work.name, configurable: true });
  return Object.assign(survives, parts) as unknown as Resilient<F, P>;
}

const saidNothing: CallOptions = Object.freeze(Object.create(null));

/** Only a plain yes is one. */
function mayRepeat(said: boolean | ((...args: never[]) => boolean), args: readonly never[]): boolean {
  if (typeof said === 'boolean') return said;
  try {
    return said(...args) === true;
  } catch {
    return false;
  }
}
