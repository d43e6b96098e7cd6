import { type ErrorFacts, SwitchgearError } from '../contract/errors.ts';
import type { Verdict, VerdictKind } from '../contract/verdict.ts';

/** An error with the verdict that a test wants, whatever the call. */
export class JudgedError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_TEST_JUDGED';
  readonly #verdict: Verdict;

  /**
   * @param verdict How it is judged. A kind alone stands for the usual verdict of that kind: `failure` and `throttled`
   * may be sent again after a wait, `success` and `ignored` must not.
   */
  constructor(verdict: Verdict | VerdictKind, facts: ErrorFacts = {}) {
    const judged = typeof verdict === 'string' ? usual(verdict) : verdict;
    super(`judged as ${judged.kind}`, { retryAfterMs: judged.retryAfterMs, ...facts });
    this.#verdict = judged;
  }

  override verdict(): Verdict {
    return this.#verdict;
  }
}

/**
 * The error of a target that asks for less, such as a 429.
 * @param retryAfterMs When it says to come back, in milliseconds. Left out, it does not say.
 */
export function throttled(retryAfterMs?: number): JudgedError {
  return new JudgedError({ ...usual('throttled'), ...(retryAfterMs !== undefined && { retryAfterMs }) }, answered);
}

const answered: ErrorFacts = { sent: 'answered' };

function usual(kind: VerdictKind): Verdict {
  return { kind, retry: kind === 'failure' || kind === 'throttled' ? 'backoff' : 'never' };
}
