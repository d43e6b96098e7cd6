/** How many of some outcomes there were, and of what kind. */
export interface OutcomeTally {
  readonly calls: number;
  /** Failures among `calls`. */
  readonly failures: number;
  /** Slow ones among `calls`, failed or not. */
  readonly slow: number;
  /** Those that were both. */
  readonly slowFailures: number;
}

/** The most recent outcomes, as many as some rule keeps, with their sums at hand as of the latest change or `expire`. */
export interface OutcomeWindow extends OutcomeTally {
  /** Takes in one outcome. @param now Monotonic milliseconds; never less than before. @param slow @default false */
  record(failed: boolean, now: number, slow?: boolean): void;
  /** Takes in a call that is slow already and has not ended yet. The answer is a mark to settle it by. */
  recordUnfinished(now: number): number;
  /** A call that was taken in unfinished has ended: from now on it counts as a slow one that ended now. */
  settle(mark: number, failed: boolean, now: number): void;
  /** Takes in what was counted elsewhere, as if all of it were of now. */
  take(tally: OutcomeTally, now: number): void;
  /** Drops what is too old by now. A reader asks for this first, because no timer does. */
  expire(now: number): void;
}

/** How many were failed or slow or both. */
export function badOf({ failures, slow, slowFailures }: OutcomeTally): number {
  return failures + slow - slowFailures;
}
