import type { GuardedBudget } from '../contract/budget.ts';
import type { CallContext, Operation } from '../contract/call.ts';
import {
  DeadlineExceededError,
  isSwitchgearError,
  moreDoubtful,
  RefusedError,
  type Sent,
  withoutStack,
} from '../contract/errors.ts';
import type { EventSink, RetryStop } from '../contract/events.ts';
import { judge } from '../contract/gate.ts';
import { givenUpBeneath, ruledOutBeneath } from '../contract/given-up.ts';
import { hush } from '../contract/hush.ts';
import { type Outcome, type Verdict, verdicts } from '../contract/outcome.ts';
import type { Clock } from '../contract/runtime.ts';
import { backoffMs, customBackoffMs, wishMs } from './backoff.ts';
import type { RetryInfo, RetrySettings } from './options.ts';
import { longestHookMs, pause, pauseFor } from './pause.ts';

/** What all calls of one retry policy have in common. */
export interface RetryTools {
  readonly settings: RetrySettings;
  readonly budget: GuardedBudget | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventSink;
}

/** What one call keeps to. */
export interface LoopTerms {
  /** Whether someone hears of every attempt. */
  readonly watched: boolean;
  /** When its `maxElapsedMs` are over, in monotonic milliseconds; Infinity without. */
  readonly elapsedAt: number;
}

/** What becomes of a call after its first attempt: made only for those that need it. */
export class RetryLoop<T> {
  readonly #tools: RetryTools;
  readonly #call: CallContext;
  readonly #operation: Operation<T>;
  readonly #terms: LoopTerms;

  constructor(tools: RetryTools, call: CallContext, operation: Operation<T>, terms: LoopTerms) {
    this.#tools = tools;
    this.#call = call;
    this.#operation = operation;
    this.#terms = terms;
  }

  /** Judges the first attempt, and makes further ones as long as that is called for. */
  async goOn(first: Outcome<T>, firstStartedAt: number): Promise<T> {
    const { budget, clock } = this.#tools;
    const { watched, elapsedAt } = this.#terms;
    const call = this.#call;
    let attempt = call;
    let outcome = first;
    let startedAt = firstStartedAt;
    let sent: Sent = 'never';
    /** The latest outcome that is not a refusal by a gate beneath, which would hide why the call is failing. */
    let real: Outcome<T> | undefined;
    /** What the attempt under way was paid for, if it is a retry. */
    let paidFor: Verdict | undefined;
    let previousMs = 0;
    for (let retries = 0; ; retries++) {
      const verdict = this.#judge(outcome, attempt);
      if (watched) this.#publishFinished(attempt, startedAt, verdict, outcome);
      if (verdict.kind === 'failure' || verdict.kind === 'throttled') budget?.failed(verdict);
      if (outcome.ok && (verdict.retry === 'never' || call.cancelled)) {
        if (verdict.kind === 'success') budget?.succeeded(paidFor);
        return outcome.value;
      }

      const error = outcome.ok ? undefined : outcome.error;
      const refusal = error instanceof RefusedError ? error : undefined;
      if (refusal === undefined) real = outcome;
      if (refusal?.sent === 'never' && retries > 0) budget?.giveBack(paidFor);
      if (call.cancelled) throw call.reason;

      const info: RetryInfo = { retry: retries + 1, outcome, verdict, previousMs, call: attempt };
      const waitMs = this.#waitMs(info);
      let stop = this.#stopBefore(info, waitMs);
      if (stop === 'not-retryable' && refusal !== undefined && real !== undefined) stop = 'refused';
      // Last of all, so that a token is never spent on a retry that something else forbids.
      if (stop === undefined && budget !== undefined && !budget.tryWithdraw(verdict)) stop = 'budget-empty';
      if (stop !== undefined) {
        if (verdict.kind === 'success') budget?.succeeded(paidFor);
        return this.#giveUp(stop, retries, real ?? outcome, verdict, attempt);
      }

      paidFor = verdict;
      previousMs = waitMs;
      this.#publishScheduled(attempt, waitMs, error);
      sent = moreDoubtful(sent, sentBy(error, attempt));
      call.progress('call', sent);
      const hook = this.#startHook(info, waitMs);
      const released = outcome.ok && this.#release(outcome.value);
      if (released) real = undefined;
      if (hook !== undefined) await pauseFor(hook, waitMs, this.#longestHookMs(waitMs), call, clock);
      else if (waitMs > 0) await pause(waitMs, call, clock);
      if (call.cancelled) {
        budget?.giveBack(paidFor);
        throw call.reason;
      }
      // A process that was stopped, or a loop that was blocked, may wake long after the wait was over.
      const late = isPast(call.deadline, clock)
        ? 'deadline-too-near'
        : isPast(elapsedAt, clock)
          ? 'elapsed-too-long'
          : '';
      // With a released value there is nothing left to give up with: the deadline's error, or one more attempt.
      if (late !== '' && !(released && late === 'elapsed-too-long')) {
        budget?.giveBack(paidFor);
        if (released) throw deadlinePassed(call, 'while waiting to send again');
        return this.#giveUp(late, retries, real ?? outcome, verdict, attempt);
      }
      // Counted over the whole call rather than over this loop, so that numbers stay unique where retries are nested.
      attempt = call.forAttempt(call.attempts + 1);
      attempt.begin();
      startedAt = watched ? clock.now() : 0;
      outcome = await this.#send(attempt);
    }
  }

  async #send(attempt: CallContext): Promise<Outcome<T>> {
    try {
      return { ok: true, value: await this.#operation(attempt) };
    } catch (error) {
      return { ok: false, error };
    }
  }

  #judge(outcome: Outcome, attempt: CallContext): Verdict {
    const { classify, retryWhen } = this.#tools.settings;
    const judged = judge(classify, outcome, attempt);
    // Whoever judges by themselves, here or in `retryWhen`, has looked at it and may overrule what was found beneath.
    const verdict: Verdict =
      classify === undefined && judged.retry !== 'never' && ruledOutBeneath(outcome)
        ? { ...judged, retry: 'never' }
        : judged;
    if (retryWhen === undefined || attempt.cancelled) return verdict;
    let asked: unknown;
    try {
      asked = retryWhen(outcome, attempt);
    } catch {
      return verdict;
    }
    if (asked === false) return verdict.retry === 'never' ? verdict : { ...verdict, retry: 'never' };
    if (asked === true) return mayRepeat(outcome, attempt) ? repeated(outcome, verdict) : verdict;
    hush(asked);
    return verdict;
  }

  /** A stale connection is retried at once; everything else after a wait, and never before the other side wants it. */
  #waitMs(info: RetryInfo): number {
    const { verdict, retry, previousMs } = info;
    const { settings, random } = this.#tools;
    const { maxRetries, backoff } = settings;
    if (verdict.retry === 'never' || retry > maxRetries) return 0;
    // Not twice in a row: what fails again at once is no accident, and would be a tight loop.
    if (verdict.retry === 'now' && wishMs(verdict) === 0 && (retry === 1 || previousMs > 0)) return 0;
    if (typeof backoff === 'function') return customBackoffMs(settings, backoff, info, random);
    return backoffMs(settings, retry, verdict, random, previousMs);
  }

  /** Why the given retry must not be, as far as that costs nothing to find out. */
  #stopBefore({ retry, outcome, verdict, call }: RetryInfo, waitMs: number): RetryStop | undefined {
    const { settings, clock } = this.#tools;
    const beneath = givenUpBeneath(outcome);
    if (beneath !== undefined) return beneath;
    if (verdict.retry === 'never') return 'not-retryable';
    if (retry > settings.maxRetries) return 'attempts-exhausted';
    if (wishMs(verdict) > settings.maxRetryAfterMs) return 'server-asks-too-long';
    if (isPast(call.deadline - waitMs, clock)) return 'deadline-too-near';
    if (isPast(this.#terms.elapsedAt - waitMs, clock)) return 'elapsed-too-long';
    return undefined;
  }

  #giveUp<T>(reason: RetryStop, retries: number, outcome: Outcome<T>, verdict: Verdict, attempt: CallContext): T {
    const error = outcome.ok ? undefined : outcome.error;
    // By way of Reflect, because an error may be frozen and must reach the caller all the same.
    if (isSwitchgearError(error)) {
      Reflect.set(error, 'stopped', reason);
      Reflect.set(error, 'retries', Math.max(error.retries ?? 0, retries));
    }
    // "No such user" is an answer: nothing went wrong that somebody gave up on.
    if (verdict.kind !== 'success' && this.#tools.events.wants('retry.stopped')) {
      this.#tools.events.publish({ type: 'retry.stopped', ...this.#factsOf(attempt), reason, error });
    }
    if (outcome.ok) return outcome.value;
    throw error;
  }

  /** What to wait for before the next attempt, if the hook wants to be waited for. */
  #startHook(info: RetryInfo, waitMs: number): Promise<unknown> | undefined {
    const { onRetry } = this.#tools.settings;
    if (onRetry === undefined) return undefined;
    try {
      const said: unknown = onRetry({ ...info, waitMs });
      if (typeof said === 'object' && said !== null) return new Promise((resolve) => resolve(said));
    } catch {
      // It was told; what it makes of that is its own affair.
    }
    return undefined;
  }

  #longestHookMs(waitMs: number): number {
    const { settings, clock } = this.#tools;
    const { deadline } = this.#call;
    const leftMs = deadline === Number.POSITIVE_INFINITY ? deadline : deadline - clock.now();
    return longestHookMs(waitMs, settings.maxMs, leftMs);
  }

  /** Hands a value that is thrown away to whoever releases what it holds. Whether there is someone. */
  #release(value: unknown): boolean {
    const { dispose } = this.#tools.settings;
    if (dispose === undefined) return false;
    try {
      hush(dispose(value));
    } catch {
      // It cannot be returned any more, released or not.
    }
    return true;
  }

  #publishScheduled(attempt: CallContext, waitMs: number, error: unknown): void {
    if (!this.#tools.events.wants('retry.scheduled')) return;
    this.#tools.events.publish({ type: 'retry.scheduled', ...this.#factsOf(attempt), waitMs, error });
  }

  #publishFinished(attempt: CallContext, startedAt: number, verdict: Verdict, outcome: Outcome): void {
    const facts = this.#factsOf(attempt);
    this.#tools.events.publish({
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
    return { at: this.#tools.clock.now(), target, operation, attempt };
  }
}

/** Most calls beneath a bare retry have no deadline, and reading the clock is not free. */
export function isPast(time: number, clock: Clock): boolean {
  return time !== Number.POSITIVE_INFINITY && clock.now() >= time;
}

/** An error of ours knows best what it sent; another one knows nothing, and then what the attempt told stands. */
function sentBy(error: unknown, attempt: CallContext): Sent {
  return isSwitchgearError(error) ? error.sent : attempt.sent;
}

/**
 * Whether a caller's wish to repeat may overrule a verdict. A refusal is there to be quick, and work that must not be
 * done twice is sent again only if it never left.
 */
function mayRepeat(outcome: Outcome, attempt: CallContext): boolean {
  if (outcome.ok) return attempt.idempotent;
  if (outcome.error instanceof RefusedError) return false;
  return attempt.idempotent || sentBy(outcome.error, attempt) === 'never';
}

/** A value that is not wanted is a failure; an error stays of the kind it is. */
function repeated(outcome: Outcome, verdict: Verdict): Verdict {
  if (verdict.retry !== 'never') return verdict;
  return outcome.ok ? verdicts.failure : { ...verdict, retry: 'backoff' };
}

/** The error of a call whose deadline leaves no time for an attempt. */
export function deadlinePassed(call: CallContext, when: string): DeadlineExceededError {
  const { target, operation, attempts, sent } = call;
  return withoutStack(
    () =>
      new DeadlineExceededError(`the deadline had passed ${when}`, {
        target,
        operation,
        attempts,
        sent,
        phase: 'call',
      }),
  );
}
