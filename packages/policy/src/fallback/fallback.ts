import { type Call, CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import { ConfigError, DeadlineExceededError, RefusedError } from '../contract/errors.ts';
import { type EventSink, sinkOf } from '../contract/events.ts';
import { type Checks, callable, readOptions } from '../contract/options.ts';
import { classifyOutcome } from '../contract/outcome.ts';
import type { Policy } from '../contract/policy.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';

/** What may answer when the operation cannot. Its own type, so that the caller sees that it may not be the real thing. */
export type FallbackAnswer<F> = (error: unknown, call: Call) => F | Promise<F>;

/** When a failure may be answered by something else. */
export interface FallbackOptions {
  /**
   * Says whether to answer this failure; only `true` does. Left out: when the other side is away, which is a failure or
   * throttling by its verdict, a refusal by a gate, or a deadline that passed. Never when the caller has left, and never
   * when the other side gave a proper answer, such as "no such user". @default none
   */
  readonly when?: (error: unknown) => boolean;
}

const checks: Checks<FallbackOptions> = { when: callable<(error: unknown) => boolean>() };

/**
 * Answers in the operation's stead when it fails. The answer runs at most once; if it fails too, or `when` throws, the
 * original error is thrown.
 * @param answer Makes the answer, from the error and the call. Should be quick and depend on nothing that may be away.
 * @throws ConfigError if `answer` or `when` is not a function, or an option is unknown.
 */
export function fallback<F>(
  answer: FallbackAnswer<F>,
  options: FallbackOptions = {},
  runtime: Runtime = systemRuntime,
): Policy<F> {
  if (typeof answer !== 'function') throw new ConfigError('fallback.answer', 'a function', answer);
  return new Fallback(answer, readOptions('fallback', options, checks, {}).when, runtime);
}

class Fallback<F> implements Policy<F> {
  readonly name = 'fallback';
  readonly #answer: FallbackAnswer<F>;
  readonly #when: ((error: unknown) => boolean) | undefined;
  readonly #runtime: Runtime;
  readonly #events: EventSink;

  constructor(answer: FallbackAnswer<F>, when: ((error: unknown) => boolean) | undefined, runtime: Runtime) {
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
    return `fallback: ${this.#when === undefined ? 'when the other side is away' : 'when its own rule says so'}`;
  }

  #answers(error: unknown, call: CallContext): boolean {
    try {
      return this.#when === undefined ? isAway(error, call) : this.#when(error) === true;
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

/** Whether a failure says that there is no one to ask. */
function isAway(error: unknown, call: Call): boolean {
  if (error instanceof RefusedError || error instanceof DeadlineExceededError) return true;
  // Somebody aborted the operation by a signal that the call does not know of. That is leaving, not sickness.
  if (error instanceof Error && error.name === 'AbortError') return false;
  const { kind } = classifyOutcome({ ok: false, error }, call);
  return kind === 'failure' || kind === 'throttled';
}
