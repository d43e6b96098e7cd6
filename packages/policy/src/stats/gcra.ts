import type { RateMeter } from './rate-meter.ts';

/**
 * The generic cell rate algorithm: instead of tokens, it keeps the moment at which all that has gone would have been
 * paid for, had it come evenly. The same decisions as a token bucket, from one number; with intervals that are whole
 * milliseconds its sums are exact, and that number is what a shared store can compare and set.
 *
 * Source: ITU-T Recommendation I.371, Annex A (virtual scheduling).
 */
export class Gcra implements RateMeter {
  #everyMs: number;
  #capacity: number;
  /** When everything is paid and the meter is full: the "theoretical arrival time". */
  #paidAt: number;
  /** Before this, no time counts. */
  #heldUntil = Number.NEGATIVE_INFINITY;

  /** @param everyMs Milliseconds per token, above 0. @param capacity Tokens it can hold, 0 or more. */
  constructor(everyMs: number, capacity: number, now: number) {
    this.#everyMs = everyMs;
    this.#capacity = capacity;
    this.#paidAt = now;
  }

  readyAt(weight: number, ahead = 0): number {
    const spare = this.#capacity - Math.min(weight, this.#capacity) - ahead;
    return Math.max(this.#heldUntil, this.#paidAt - spare * this.#everyMs);
  }

  take(weight: number, now: number): void {
    this.#paidAt = Math.max(this.#paidAt, this.#from(now)) + weight * this.#everyMs;
  }

  giveBack(tokens: number, now: number): void {
    this.#paidAt = Math.max(this.#paidAt - tokens * this.#everyMs, this.#from(now));
  }

  drain(now: number, pauseMs: number): number {
    const held = this.tokens(now);
    const left = Math.min(held, this.#capacity > 0 ? 0 : -1);
    this.#heldUntil = Math.max(this.#heldUntil, now + pauseMs);
    this.#leave(left, now);
    return Math.max(0, held);
  }

  change(everyMs: number, capacity: number, now: number): void {
    const left = this.tokens(now) + capacity - this.#capacity;
    this.#everyMs = everyMs;
    this.#capacity = capacity;
    this.#leave(left, now);
  }

  tokens(now: number): number {
    return this.#capacity - Math.max(0, this.#paidAt - this.#from(now)) / this.#everyMs;
  }

  /** Sets how many tokens there are. */
  #leave(tokens: number, now: number): void {
    this.#paidAt = this.#from(now) + (this.#capacity - tokens) * this.#everyMs;
  }

  #from(now: number): number {
    return Math.max(now, this.#heldUntil);
  }
}
