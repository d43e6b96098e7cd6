import { AsyncLocalStorage } from 'node:async_hooks';
import type { Call, ErrorFacts, Runtime } from '@switchgear/policy';
import { codesOf } from '../classify/transport-failure.ts';
import { DnsError } from '../errors.ts';
import { defaultTtlMs, type HostAnswer, type HostResolver } from './resolver.ts';

/** An answer is asked for anew when it holds no longer, by chance up to this share of its time sooner. */
const refreshJitter = 0.1;
/** The least time between two questions, in milliseconds, whatever an answer says of its own life. */
export const leastTtlMs = 1_000;
/** A question that has taken this long is given up, in milliseconds. */
export const longestQuestionMs = 5_000;
/** After a failure: doubling from the first to the second, in milliseconds; without any host, no longer than the third. */
const failureMs = 100;
const longestFailureMs = 30_000;
const longestFailureWithoutHostsMs = 1_000;
/** Hosts that cannot be connected to are asked for anew, but not sooner than this after the last answer, in milliseconds. */
const suspicionMs = 5_000;

/** Who is told what came of it. */
export interface ResolutionOwner {
  readonly hasHosts: boolean;
  /** Takes an answer. @throws When there is no host in it. */
  accept(answer: HostAnswer): void;
  unanswered(error: unknown): void;
}

interface Question {
  readonly startedAt: number;
  readonly abort: AbortController;
  readonly answered: Promise<void>;
}

/**
 * When a resolver is asked. It has no timer: a call that finds the answer too old asks for another in the background and
 * goes on with the hosts it has, so a client that is not used asks nothing. A failure leaves the last answer as it is.
 */
export class Resolution {
  readonly #resolver: HostResolver;
  readonly #owner: ResolutionOwner;
  readonly #runtime: Runtime;
  /** Questions are asked for all calls, and so in the context of none of them. */
  readonly #outside = AsyncLocalStorage.snapshot();
  #dueAt = Number.NEGATIVE_INFINITY;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #failure: unknown;
  #question: Question | undefined;
  #closed = false;

  constructor(resolver: HostResolver, owner: ResolutionOwner, runtime: Runtime) {
    this.#resolver = resolver;
    this.#owner = owner;
    this.#runtime = runtime;
  }

  /** Asks in the background if it is time to. */
  askIfDue(now: number): void {
    if (now >= this.#dueAt) this.#ask(now)?.answered.catch(() => {});
  }

  /** A host could not be connected to: perhaps it is gone, and the answer older than it says. */
  suspect(): void {
    // A resolver that fails as well is left its wait, or every failed call would ask it again.
    if (this.#failures === 0) this.#dueAt = Math.min(this.#dueAt, this.#answeredAt + suspicionMs);
  }

  /** Waits for the first hosts, no longer than the call. @throws DnsError when there are none to be had. */
  async ready(call: Call, facts: ErrorFacts): Promise<void> {
    call.progress('dns', 'never');
    const now = this.#runtime.clock.now();
    const answered = now >= this.#dueAt || this.#question !== undefined ? this.#ask(now)?.answered : undefined;
    let failure = this.#failure;
    if (answered !== undefined) {
      try {
        await new Promise<void>((resolve, reject) => {
          const leave = call.onCancel(reject);
          answered.then(resolve, (error) => reject(new Unanswered(error))).finally(leave);
        });
        return;
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        failure = error.cause;
      }
    }
    const code = codesOf(failure).at(-1) ?? 'without a code';
    throw new DnsError(`the hosts were not found (${code})`, code, {
      ...facts,
      sent: 'never',
      phase: 'dns',
      cause: failure,
    });
  }

  close(): void {
    this.#closed = true;
    this.#question?.abort.abort();
  }

  /** The question under way, or a new one. One that takes too long makes room for the next. */
  #ask(now: number): Question | undefined {
    const before = this.#question;
    if (before !== undefined) {
      if (now - before.startedAt < longestQuestionMs) return before;
      before.abort.abort();
      this.#failed(before, Object.assign(new Error('the resolver did not answer'), { code: 'ETIMEOUT' }));
    }
    if (this.#closed) return undefined;
    const abort = new AbortController();
    const question: Question = { startedAt: now, abort, answered: this.#outside(() => this.#answer(abort)) };
    this.#question = question;
    // Until it is answered, asking again leads to the same question, and no call need look further.
    this.#dueAt = now + longestQuestionMs;
    return question;
  }

  async #answer(abort: AbortController): Promise<void> {
    try {
      // What it throws at once is no different from what it rejects with, and its answer is never waited for here.
      const answer = await Promise.resolve(abort.signal).then((signal) => this.#resolver.resolve(signal));
      if (this.#question?.abort !== abort || this.#closed) return;
      this.#owner.accept(answer);
      this.#succeeded(answer);
    } catch (error) {
      if (this.#question?.abort === abort && !this.#closed) this.#failed(this.#question, error);
      throw error;
    }
  }

  #succeeded({ ttlMs }: HostAnswer): void {
    const now = this.#runtime.clock.now();
    const holdsMs = typeof ttlMs === 'number' && ttlMs >= 0 ? Math.max(leastTtlMs, ttlMs) : defaultTtlMs;
    this.#question = undefined;
    this.#failures = 0;
    this.#failure = undefined;
    this.#answeredAt = now;
    this.#dueAt = now + holdsMs * (1 - refreshJitter * this.#runtime.random());
  }

  #failed(question: Question, error: unknown): void {
    if (this.#question !== question) return;
    this.#question = undefined;
    this.#failure = error;
    const longestMs = this.#owner.hasHosts ? longestFailureMs : longestFailureWithoutHostsMs;
    const waitMs = Math.min(longestMs, failureMs * 2 ** this.#failures++);
    this.#dueAt = this.#runtime.clock.now() + waitMs * (1 - this.#runtime.random() / 2);
    this.#owner.unanswered(error);
  }
}

/** The resolver's failure, told apart from the caller's leaving. */
class Unanswered extends Error {
  constructor(cause: unknown) {
    super('unanswered', { cause });
  }
}
