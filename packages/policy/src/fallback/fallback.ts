import { isAway } from '../contract/away.ts';
import { type Call, CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import { type EventSink, sinkOf } from '../contract/events.ts';
import { judge } from '../contract/gate.ts';
import { hush } from '../contract/hush.ts';
import type { VerdictKind } from '../contract/outcome.ts';
import type { Policy } from '../contract/policy.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { checkAnswer, type FailureSort, type FallbackOptions, readFallbackOptions } from './options.ts';

export type { ErrorClass, FailureSort, FallbackOptions } from './options.ts';

/** What may answer when the operation cannot. Its own type, so that the caller sees that it may not be the real thing. */
export type FallbackAnswer<F> = (error: unknown, call: Call) => F | Promise<F>;

/** A value that answers: anything but a function, which would be called instead. */
export type FallbackValue<F> = F extends (...args: never[]) => unknown ? never : F;

/**
 * Answers in the operation's stead when it fails. The answer is made at most once a call; if that fails too, or `when`
 * throws, the original error is thrown.
 * @param answer Makes the answer, from the error and the call. Should be quick and depend on nothing that may be away.
 * Or the answer itself: a primitive, or plain data that is frozen through and through, since all callers get the same.
 * @throws ConfigError if `answer` or `when` is something else, or an option is unknown.
 */
export function fallback<F>(answer: FallbackAnswer<F>, options?: FallbackOptions, runtime?: Runtime): Policy<F>;
export function fallback<const F>(answer: FallbackValue<F>, options?: FallbackOptions, runtime?: Runtime): Policy<F>;
export function fallback<F>(
  answer: FallbackAnswer<F> | F,
  options: FallbackOptions = {},
  runtime: Runtime = systemRuntime,
): Policy<F> {
  checkAnswer(answer);
  const make = typeof answer === 'function' ? (answer as FallbackAnswer<F>) : () => answer;
  return new Fallback(make, readFallbackOptions(options).when, runtime);
}

class Fallback<F> implements Policy<F> {
  readonly name = 'fallback';
  readonly #answer: FallbackAnswer<F>;
  readonly #when: FallbackOptions['when'];
  readonly #runtime: Runtime;
  readonly #events: EventSink;

  constructor(answer: FallbackAnswer<F>, when: FallbackOptions['when'], runtime: Runtime) {
    this.#answer = answer;
    this.#when = when;
    this.#runtime = runtime;
    this.#events = sinkOf(runtime);
  }

  async execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T | F> {
    const call = CallContext.of(options);
    if (call.cancelled) throw call.reason;
    try {
      return await operation(call);
    } catch (error) {
      // Nobody is there to be answered: the caller left, or a deadline further out has told them already.
      if (call.cancelled || !this.#answers(error, call)) throw error;
      let answer: F;
      try {
        answer = await this.#answer(error, call);
      } catch {
        throw call.cancelled ? call.reason : error;
      }
      this.#publishUsed(error, call);
      return answer;
    }
  }

  describe(): string {
    if (this.#when === undefined) return 'fallback: when the other side is away';
    if (typeof this.#when === 'function') return 'fallback: when its own rule says so';
    return `fallback: for ${this.#when.map((sort) => (typeof sort === 'string' ? sort : sort.name)).join(', ')}`;
  }

  #answers(error: unknown, call: CallContext): boolean {
    const when = this.#when;
    if (when === undefined) return isAway(error, call);
    try {
      if (typeof when !== 'function') return isOf(when, error, call);
      const said: unknown = when(error);
      if (said !== true) hush(said);
      return said === true;
    } catch {
      return false;
    }
  }

  #publishUsed(error: unknown, call: CallContext): void {
    if (!this.#events.wants('fallback.used')) return;
    const { target, operation } = call;
    const attempt = Math.max(call.attempt, call.attempts);
    this.#events.publish({
      type: 'fallback.used',
      at: this.#runtime.clock.now(),
      target,
      operation,
      attempt,
      error,
    });
  }
}

/** Whether an error is of one of the sorts. */
function isOf(sorts: readonly FailureSort[], error: unknown, call: CallContext): boolean {
  let kind: VerdictKind | undefined;
  return sorts.some((sort) => {
    if (typeof sort === 'function') return error instanceof sort;
    kind ??= kindOf(error, call);
    return sort === kind;
  });
}

function kindOf(error: unknown, call: CallContext): VerdictKind {
  // Somebody aborted the operation by a signal that the call does not know of: that is leaving, not sickness.
  if (error instanceof Error && error.name === 'AbortError') return 'ignored';
  return judge(undefined, { ok: false, error }, call).kind;
}
