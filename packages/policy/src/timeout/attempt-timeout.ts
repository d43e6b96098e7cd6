import { CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import { AttemptTimeoutError, withoutStack } from '../contract/errors.ts';
import { sinkOf } from '../contract/events.ts';
import { milliseconds, readOptions } from '../contract/options.ts';
import type { Policy } from '../contract/policy.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { deadlineExceeded } from './deadline.ts';
import { type OnExpiry, runTimed, type TimeLimit } from './timed-scope.ts';

export interface AttemptTimeoutOptions {
  /**
   * One attempt, in milliseconds, from the wait for a connection to the last byte of the body. An attempt that begins
   * when less is left of the deadline has only that. @default 1_000
   */
  readonly attemptTimeoutMs?: number;
}

/** What `attemptTimeout()` takes when it is told nothing. */
export const attemptTimeoutDefaults: Required<AttemptTimeoutOptions> = { attemptTimeoutMs: 1_000 };

/**
 * Gives up an attempt that takes too long, so that there is time for another. Goes innermost: its error is what the
 * breaker and the retry see. An attempt cut short by the deadline of the whole call fails with that deadline's error.
 * @throws ConfigError if an option is outside its range.
 */
export function attemptTimeout(options: AttemptTimeoutOptions = {}, runtime: Runtime = systemRuntime): Policy {
  const { attemptTimeoutMs } = readOptions(
    'attemptTimeout',
    options,
    { attemptTimeoutMs: milliseconds() },
    attemptTimeoutDefaults,
  );
  const { clock } = runtime;
  const onExpiry: OnExpiry = (call, startedAt) =>
    clock.now() >= (call.parent as CallContext).deadline
      ? deadlineExceeded(call, startedAt, runtime, 'attempt')
      : timedOut(call, startedAt, attemptTimeoutMs, runtime);
  const limit: TimeLimit = { wheel: wheelOf(clock), runtime, onExpiry };
  return {
    name: 'attempt-timeout',
    execute<T>(operation: Operation<T>, callOptions?: CallOptions): Promise<T> {
      const call = CallContext.of(callOptions);
      if (call.cancelled) return Promise.reject(call.reason);
      const now = clock.now();
      if (call.deadline <= now) return Promise.reject(deadlineExceeded(call, now, runtime));
      call.begin();
      const dueAt = Math.min(call.deadline, now + attemptTimeoutMs);
      return runTimed(operation, call, now, dueAt, limit);
    },
    describe: () => `attempt timeout: ${attemptTimeoutMs} ms, less when the deadline is nearer`,
  };
}

function timedOut(call: CallContext, startedAt: number, limitMs: number, runtime: Runtime): AttemptTimeoutError {
  const now = runtime.clock.now();
  const events = sinkOf(runtime);
  const { target, operation, attempt, sent, phase } = call;
  if (events.wants('attempt.timed-out')) {
    events.publish({ type: 'attempt.timed-out', at: now, target, operation, attempt, afterMs: now - startedAt });
  }
  return withoutStack(
    () =>
      new AttemptTimeoutError(`attempt ${attempt} took longer than ${limitMs} ms`, {
        target,
        operation,
        attempts: attempt,
        sent,
        phase,
      }),
  );
}
