import { RefusedError } from '../contract/errors.ts';
import type { Outcome, Verdict } from '../contract/outcome.ts';

/** A copy that did not win. */
export interface Failure<T> {
  /** Which copy: 1 for the first. */
  readonly copy: number;
  readonly outcome: Outcome<T>;
  readonly verdict: Verdict;
}

/**
 * Which of the failures the caller hears of when every copy has failed. The one with the longest wish of the other side
 * (`retryAfterMs`), so that a retry above waits as long as any of them asked for; otherwise that of the earliest copy,
 * which is what the call would have ended with unhedged: turning hedging on does not change what a caller has to
 * handle. A refusal by a gate only if there is nothing else, since it hides why the call is failing.
 */
export function tellingFailure<T>(failures: readonly Failure<T>[]): Failure<T> {
  let best = failures[0] as Failure<T>;
  for (const each of failures) if (tellsMore(each, best)) best = each;
  return best;
}

function tellsMore<T>(a: Failure<T>, b: Failure<T>): boolean {
  if (isRefusal(a.outcome) !== isRefusal(b.outcome)) return isRefusal(b.outcome);
  const [wishA, wishB] = [wishMs(a.verdict), wishMs(b.verdict)];
  return wishA === wishB ? a.copy < b.copy : wishA > wishB;
}

/** Whether a gate turned the copy away, before it cost the other side anything. */
export function isRefusal(outcome: Outcome): boolean {
  return !outcome.ok && outcome.error instanceof RefusedError;
}

/** How long the other side wants to be left alone, in milliseconds; 0 if it did not say, or nothing that can be. */
export function wishMs({ retryAfterMs }: Verdict): number {
  return retryAfterMs !== undefined && retryAfterMs > 0 ? retryAfterMs : 0;
}
