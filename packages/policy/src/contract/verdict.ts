/** What a gate hears of an attempt. */
export type VerdictKind =
  /** The other side did its work, which includes answering "no such user". */
  | 'success'
  /** The other side, or the way to it, is sick. */
  | 'failure'
  /** The other side asks for less. Not sickness: a breaker does not count it. */
  | 'throttled'
  /** Says nothing about the other side: the caller left, a local limit refused, our own code objected. */
  | 'ignored';

/** How one attempt is judged, once; retry, breaker and telemetry act on the same verdict. */
export interface Verdict {
  readonly kind: VerdictKind;
  /** `backoff`: may be sent again after a wait; `now`: at once (a stale connection); `never`: must not be. */
  readonly retry: 'never' | 'backoff' | 'now';
  /** The other side's own wish, in milliseconds: never retried earlier. */
  readonly retryAfterMs?: number;
  /** What the wait before a retry is reckoned from instead of the retry's own base, in milliseconds, above 0. */
  readonly baseMs?: number;
  /**
   * How long a breaker that hears this is to stay open, in milliseconds, above 0, whatever its own rules say: the other
   * side has named a time. Of a `failure` or `throttled`; anything but a time is passed over.
   */
  readonly openForMs?: number;
}

/** The verdicts that carry nothing of their own, shared so that judging a call makes no garbage. */
export const verdicts: {
  readonly success: Verdict;
  readonly failure: Verdict;
  readonly failureForGood: Verdict;
  readonly ignored: Verdict;
} = {
  success: Object.freeze<Verdict>({ kind: 'success', retry: 'never' }),
  failure: Object.freeze<Verdict>({ kind: 'failure', retry: 'backoff' }),
  failureForGood: Object.freeze<Verdict>({ kind: 'failure', retry: 'never' }),
  ignored: Object.freeze<Verdict>({ kind: 'ignored', retry: 'never' }),
};
