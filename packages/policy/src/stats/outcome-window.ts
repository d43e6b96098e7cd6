/** The most recent outcomes, as many as some rule keeps, with their sums at hand. */
export interface OutcomeWindow {
  /** Outcomes in the window, as of the latest `record` or `expire`. */
  readonly calls: number;
  /** Failures among them. */
  readonly failures: number;
  /** Takes in one outcome. @param now Monotonic milliseconds; never less than before. */
  record(failed: boolean, now: number): void;
  /** Drops what is too old by now. A reader asks for this first, because no timer does. */
  expire(now: number): void;
}
