/**
 * Counts tokens that come at a steady rate and are taken by those who may go. Arithmetic alone: it is told the time,
 * and asked when the next one may go. Time that stands still or runs backwards brings no token.
 *
 * A meter holds at most `capacity` tokens. Whoever goes needs as many as their weight, or a full meter if they weigh
 * more than it holds: the rest is owed, and those after them wait until it has been paid. With a capacity of 0 nobody
 * goes before all is paid, which spaces them evenly.
 *
 * The bound, when nobody heavier than `burst` is let in: in any stretch of time the weights that go add up to no more
 * than `burst + time / everyMs`, where `burst` is the capacity, or the heaviest weight where that is larger.
 */
export interface RateMeter {
  /**
   * The earliest moment, in milliseconds, at which someone of this weight may go, with `ahead` to be taken by others
   * before them. In the past when they may go now. The same until something is taken or changed, so that whoever sleeps
   * until then is not told to sleep again.
   */
  readyAt(weight: number, ahead?: number): number;
  /** Someone goes. Asked or not: who did not wait for `readyAt` leaves a debt. */
  take(weight: number, now: number): void;
  /** What was taken has not been used. Never more than the capacity comes of it. */
  giveBack(tokens: number, now: number): void;
  /**
   * Takes all there is, and lets none come for `pauseMs`. A meter of capacity 0, which holds none, begins its next
   * interval.
   * @returns How many there were.
   */
  drain(now: number, pauseMs: number): number;
  /**
   * Changes the rate and the capacity from now on. What is missing from a full meter stays missing, as if it had had
   * the new capacity all along: a larger one lets more go at once, and what went under a smaller one has gone.
   */
  change(everyMs: number, capacity: number, now: number): void;
  /** Tokens there now; below zero, what is owed. */
  tokens(now: number): number;
}
