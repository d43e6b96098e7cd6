import { CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import {
  DeadlineExceededError,
  isSwitchgearError,
  moreDoubtful,
  RefusedError,
  type Sent,
  withoutStack,
} from '../contract/errors.ts';
import { type EventSink, type RetryStop, sinkOf } from '../contract/events.ts';
import { judge } from '../contract/gate.ts';
import type { Outcome, Verdict } from '../contract/outcome.ts';
import type { Policy } from '../contract/policy.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { backoffMs, wishMs } from './backoff.ts';
import { type RetryOptions, type RetrySettings, readRetryOptions } from './options.ts';

/**
 * Sends again when an operation fails, after a full-jitter wait that fits the deadline.
 * The last real error is thrown unchanged, with the reason as its `stopped`; a caller's abort ends the wait at once,
 * with the caller's own reason.
 * @throws ConfigError with a path such as `retry.maxRetries`.
 */
export function retry(options: RetryOptions = {}, runtime: Runtime = systemRuntime): Policy {
  return new Retry(readRetryOptions(options), runtime);
}

class Retry implements Policy {
  readonly name = 'retry';
  readonly #settings: RetrySettings;
  readonly #runtime: Runtime;
  readonly #events: EventSink;

  constructor(settings: RetrySettings, runtime: Runtime) {
    this.#settings = settings;
    this.#runtime = runtime;
    this.#events = sinkOf(runtime);
  }

  async execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T> {
    const { budget, classify } = this.#settings;
    const call = CallContext.of(options);
    if (call.cancelled) throw call.reason;
    if (this.#isPast(call.deadline)) throw deadlinePassed(call);
    budget?.deposit();

    const watched = this.#events.wants('attempt.finished');
    let attempt = call;
    let sent: Sent = 'never';
    /** The latest outcome that is not a refusal by a gate beneath, which would hide why the call is failing. */
    let real: Outcome<T> | undefined;
    for (let retries = 0; ; retries++) {
      attempt.begin();
      const startedAt = watched ? this.#runtime.clock.now() : 0;
      let outcome: Outcome<T>;
      try {
        const value = await operation(attempt);
        if (classify === undefined && !watched) return value;
        outcome = { ok: true, value };
      } catch (error) {
        outcome = { ok: false, error };
      }

      const verdict = judge(classify, outcome, attempt);
      if (watched) this.#publishFinished(attempt, startedAt, verdict, outcome);
      if (outcome.ok && (verdict.retry === 'never' || call.cancelled)) return outcome.value;

      const error = outcome.ok ? undefined : outcome.error;
      const refusal = error instanceof RefusedError ? error : undefined;
      if (refusal === undefined) real = outcome;
      if (refusal?.sent === 'never' && retries > 0) budget?.giveBack();
      if (call.cancelled) throw call.reason;

      const waitMs = this.#waitMs(verdict, retries + 1);
      let stop = this.#stopBefore(retries + 1, waitMs, verdict, error, call);
      if (stop === 'not-retryable' && refusal !== undefined && real !== undefined) stop = 'refused';
      // Last of all, so that a token is never spent on a retry that something else forbids.
      if (stop === undefined && budget !== undefined && !budget.tryWithdraw()) stop = 'budget-empty';
      if (stop !== undefined) return this.#giveUp(stop, real ?? outcome, verdict, attempt);

      this.#publishScheduled(attempt, waitMs, error);
      sent = moreDoubtful(sent, sentBy(error, attempt));
      call.progress('call', sent);
      if (waitMs > 0) await this.#wait(waitMs, call);
      if (call.cancelled) {
        budget?.giveBack();
        throw call.reason;
      }
      // A process that was stopped, or a loop that was blocked, may wake long after the wait was over.
      if (this.#isPast(call.deadline)) {
        budget?.giveBack();
        return this.#giveUp('deadline-too-near', real ?? outcome, verdict, attempt);
      }
      // Counted over the whole call rather than over this loop, so that numbers stay unique where retries are nested.
      attempt = call.forAttempt(call.attempts + 1);
    }
  }

  describe(): string {
    const { maxRetries, baseMs, maxMs, budget } = this.#settings;
    const paid = budget === undefined ? 'no budget' : `budget ${budget.describe()}`;
    return `retry: at most ${maxRetries}, full jitter from ${baseMs} ms up to ${maxMs} ms, ${paid}`;
  }

  /** A stale connection is retried at once; everything else after a wait, and never before the other side wants it. */
  #waitMs(verdict: Verdict, retry: number): number {
    if (verdict.retry === 'never' || (verdict.retry === 'now' && wishMs(verdict) === 0)) return 0;
    return backoffMs(this.#settings, retry, verdict, this.#runtime.random);
  }

  /** Why the given retry must not be, as far as that costs nothing to find out. */
  #stopBefore(
    retry: number,
    waitMs: number,
    verdict: Verdict,
    error: unknown,
    call: CallContext,
  ): RetryStop | undefined {
    // A retry beneath this one was refused by its budget: sending again from here would go round that budget.
    if (isSwitchgearError(error) && error.stopped === 'budget-empty') return 'budget-empty';
    if (verdict.retry === 'never') return 'not-retryable';
    if (retry > this.#settings.maxRetries) return 'attempts-exhausted';
    if (wishMs(verdict) > this.#settings.maxRetryAfterMs) return 'server-asks-too-long';
    if (this.#isPast(call.deadline - waitMs)) return 'deadline-too-near';
    return undefined;
  }

  #giveUp<T>(reason: RetryStop, outcome: Outcome<T>, verdict: Verdict, attempt: CallContext): T {
    const error = outcome.ok ? undefined : outcome.error;
    // By way of Reflect, because an error may be frozen and must reach the caller all the same.
    if (isSwitchgearError(error)) Reflect.set(error, 'stopped', reason);
    // "No such user" is an answer: nothing went wrong that somebody gave up on.
    if (verdict.kind !== 'success' && this.#events.wants('retry.stopped')) {
      this.#events.publish({ type: 'retry.stopped', ...this.#factsOf(attempt), reason, error });
    }
    if (outcome.ok) return outcome.value;
    throw error;
  }

  /** Ends when the time is over or the call is cancelled. The timer stays ref'd, since a caller is waiting for it. */
  #wait(ms: number, call: CallContext): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#runtime.clock.setTimer(ms, () => {
        leave();
        resolve();
      });
      const leave = call.onCancel(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Most calls beneath a bare retry have no deadline, and reading the clock is not free. */
  #isPast(time: number): boolean {
    return time !== Number.POSITIVE_INFINITY && this.#runtime.clock.now() >= time;
  }

  #publishScheduled(attempt: CallContext, waitMs: number, error: unknown): void {
    if (!this.#events.wants('retry.scheduled')) return;
    this.#events.publish({ type: 'retry.scheduled', ...this.#factsOf(attempt), waitMs, error });
  }

  #publishFinished(attempt: CallContext, startedAt: number, verdict: Verdict, outcome: Outcome): void {
    const facts = this.#factsOf(attempt);
    this.#events.publish({
      type: 'attempt.finished',
      ...facts,
      durationMs: facts.at - startedAt,
      verdict: verdict.kind,
      error: outcome.ok ? undefined : outcome.error,
    });
  }

  #factsOf({ target, operation, attempt }: CallContext): {
    at: number;
    target: string;
    operation: string;
    attempt: number;
  } {
    return { at: this.#runtime.clock.now(), target, operation, attempt };
  }
}

/** An error of ours knows best what it sent; another one knows nothing, and then what the attempt told stands. */
function sentBy(error: unknown, attempt: CallContext): Sent {
  return isSwitchgearError(error) ? error.sent : attempt.sent;
}

function deadlinePassed(call: CallContext): DeadlineExceededError {
  const { target, operation, attempts, sent } = call;
  return withoutStack(
    () =>
      new DeadlineExceededError('the deadline had passed before the first attempt', {
        target,
        operation,
        attempts,
        sent,
        phase: 'call',
      }),
  );
}
