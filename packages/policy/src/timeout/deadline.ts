import { CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import { DeadlineExceededError, withoutStack } from '../contract/errors.ts';
import { sinkOf } from '../contract/events.ts';
import { type Check, milliseconds, readOptions } from '../contract/options.ts';
import type { Policy } from '../contract/policy.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { currentDeadline } from './inherited-deadline.ts';
import { type OnExpiry, runTimed, type TimeLimit } from './timed-scope.ts';

export interface DeadlineOptions {
  /**
   * The whole call, in milliseconds: every attempt, every wait, everything beneath. A call that comes with an earlier
   * deadline of its own, or runs inside one (`withDeadline`), keeps that; with Infinity, that is the only one.
   * @default 3_000
   */
  readonly deadlineMs?: number;
}

/** What `deadline()` takes when it is told nothing. */
export const deadlineDefaults: Required<DeadlineOptions> = { deadlineMs: 3_000 };

const finite = milliseconds();
const millisecondsOrNever: Check<number> = {
  expected: `${finite.expected}, or Infinity`,
  ok: (value): value is number => value === Number.POSITIVE_INFINITY || finite.ok(value),
};

/**
 * Ends a call that takes longer than it may. Goes outermost, so that whatever happens beneath is inside it.
 * The caller's abort stays the caller's abort: it rejects with the caller's own reason.
 * @throws ConfigError if an option is outside its range.
 */
export function deadline(options: DeadlineOptions = {}, runtime: Runtime = systemRuntime): Policy {
  const { deadlineMs } = readOptions('deadline', options, { deadlineMs: millisecondsOrNever }, deadlineDefaults);
  const { clock } = runtime;
  const onExpiry: OnExpiry = (call, startedAt) => deadlineExceeded(call, startedAt, runtime);
  const limit: TimeLimit = { wheel: wheelOf(clock), runtime, onExpiry };
  return {
    name: 'deadline',
    execute<T>(operation: Operation<T>, callOptions?: CallOptions): Promise<T> {
      const call = CallContext.of(callOptions);
      if (call.cancelled) return Promise.reject(call.reason);
      const now = clock.now();
      // Once more, because a call that was handed on may have begun outside of what surrounds it now.
      const dueAt = Math.min(call.deadline, now + deadlineMs, currentDeadline(runtime));
      if (dueAt <= now) return Promise.reject(deadlineExceeded(call, now, runtime));
      return runTimed(operation, call, now, dueAt, limit);
    },
    describe: () =>
      deadlineMs === Number.POSITIVE_INFINITY
        ? 'deadline: the one a call brings'
        : `deadline: ${deadlineMs} ms for the whole call`,
  };
}

/**
 * The error of a call whose deadline has passed, told to whoever listens.
 * @param startedAt When what is given up had begun: the call, or one attempt of it.
 */
export function deadlineExceeded(
  call: CallContext,
  startedAt: number,
  runtime: Runtime,
  what: 'call' | 'attempt' = 'call',
): DeadlineExceededError {
  const now = runtime.clock.now();
  const events = sinkOf(runtime);
  const { target, operation, attempt } = call;
  if (events.wants('deadline.exceeded')) {
    events.publish({ type: 'deadline.exceeded', at: now, target, operation, attempt, afterMs: now - startedAt });
  }
  const ms = Math.round(now - startedAt);
  const passed =
    what === 'call' ? `the deadline passed after ${ms} ms` : `the deadline passed ${ms} ms into attempt ${attempt}`;
  const message = now > startedAt ? passed : 'the deadline had passed';
  return withoutStack(
    () =>
      new DeadlineExceededError(message, {
        target,
        operation,
        attempts: call.attempts,
        sent: call.sent,
        phase: call.phase,
      }),
  );
}
