import { GuardedBudget } from '../contract/budget.ts';
import { type Call, CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import { sinkOf } from '../contract/events.ts';
import type { Outcome } from '../contract/outcome.ts';
import { type Enclosing, type Pass, type Passage, through } from '../contract/passage.ts';
import type { Policy } from '../contract/policy.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { describeRetry } from './describe.ts';
import { type RetryOptions, type RetrySettings, readRetryOptions } from './options.ts';
import { deadlinePassed, isPast, RetryLoop, type RetryTools } from './retry-loop.ts';

/**
 * Sends again when an operation fails, after a wait that fits the deadline.
 * The last real error is thrown unchanged, with the reason as its `stopped`; a caller's abort ends the wait at once,
 * with the caller's own reason.
 * @throws ConfigError with a path such as `retry.maxRetries`.
 */
export function retry(options: RetryOptions = {}, runtime: Runtime = systemRuntime): Policy {
  return new Retry(readRetryOptions(options), runtime);
}

class Retry implements Policy, Enclosing {
  readonly name = 'retry';
  readonly #tools: RetryTools;
  /** Whether every value is an answer, as it is where nobody judges values. */
  readonly #takesAnyValue: boolean;

  constructor(settings: RetrySettings, runtime: Runtime) {
    const budget = settings.budget === undefined ? undefined : new GuardedBudget(settings.budget);
    this.#tools = { settings, budget, clock: runtime.clock, random: runtime.random, events: sinkOf(runtime) };
    this.#takesAnyValue = settings.classify === undefined && settings.retryWhen === undefined;
  }

  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T> {
    return this.executeBetween(undefined, undefined, operation, CallContext.of(options));
  }

  /** The way of a call whose first attempt succeeds, in one piece; the others go on from there in a loop. */
  async executeBetween<T>(
    above: Passage | undefined,
    beneath: Passage | undefined,
    operation: Operation<T>,
    call: CallContext,
  ): Promise<T> {
    const { budget, clock, events, settings } = this.#tools;
    let place: Pass | undefined;
    if (above !== undefined) {
      const entered = above.enter(call);
      place = entered instanceof Promise ? await entered : entered;
      if (call.cancelled) {
        above.giveBack(place);
        throw call.reason;
      }
    }
    let value: T;
    try {
      if (call.cancelled) throw call.reason;
      if (isPast(call.deadline, clock)) throw deadlinePassed(call, 'before the first attempt');
      budget?.deposit();
      const { maxElapsedMs } = settings;
      const elapsedAt = maxElapsedMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + maxElapsedMs;
      const watched = events.wants('attempt.finished');
      call.begin();
      const startedAt = watched ? clock.now() : 0;
      let outcome: Outcome<T>;
      try {
        let pass: Pass | undefined;
        if (beneath !== undefined) {
          const entered = beneath.enter(call);
          pass = entered instanceof Promise ? await entered : entered;
          if (call.cancelled) {
            beneath.giveBack(pass);
            throw call.reason;
          }
        }
        try {
          value = await operation(call);
        } catch (error) {
          if (pass !== undefined) beneath?.leave(pass, { ok: false, error }, call);
          throw error;
        }
        if (pass !== undefined) beneath?.leaveWell(pass, value, call);
        if (this.#takesAnyValue && !watched) {
          budget?.succeeded();
          if (place !== undefined) above?.leaveWell(place, value, call);
          return value;
        }
        outcome = { ok: true, value };
      } catch (error) {
        outcome = { ok: false, error };
      }
      const attempt =
        beneath === undefined ? operation : (next: Call) => through(beneath, operation, next as CallContext);
      value = await new RetryLoop(this.#tools, call, attempt, { watched, elapsedAt }).goOn(outcome, startedAt);
    } catch (error) {
      if (place !== undefined) above?.leave(place, { ok: false, error }, call);
      throw error;
    }
    if (place !== undefined) above?.leaveWell(place, value, call);
    return value;
  }

  describe(): string {
    return describeRetry(this.#tools.settings, this.#tools.budget);
  }
}
