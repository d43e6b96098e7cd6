import type { RateMeter } from './rate-meter.ts';

/**
 * A bucket that fills at a steady rate, up to the brim, and starts full. What it holds is brought up to date when it
 * changes: there is nothing to tick.
 *
 * Source: J. Turner, "New directions in communications", IEEE Communications Magazine 24(10), 1986.
 */
export class TokenBucket implements RateMeter {
  #everyMs: number;
  #capacity: number;
  #tokens: number;
  /** When `#tokens` was true; in the future while the inflow is paused. */
  #at: number;

  /** @param everyMs Milliseconds per token, above 0. @param capacity Tokens it can hold, 0 or more. */
  constructor(everyMs: number, capacity: number, now: number) {
    this.#everyMs = everyMs;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#at = now;
  }

  readyAt(weight: number, ahead = 0): number {
    const missing = Math.min(weight, this.#capacity) + ahead - this.#tokens;
    return missing <= 0 ? this.#at : this.#at + missing * this.#everyMs;
  }

  take(weight: number, now: number): void {
    this.#fill(now);
    this.#tokens -= weight;
  }

  giveBack(tokens: number, now: number): void {
    this.#fill(now);
    this.#tokens = Math.min(this.#capacity, this.#tokens + tokens);
  }

  drain(now: number, pauseMs: number): number {
    this.#fill(now);
    const there = Math.max(0, this.#tokens);
    this.#tokens = Math.min(this.#tokens, this.#capacity > 0 ? 0 : -1);
    this.#at = Math.max(this.#at, now + pauseMs);
    return there;
  }

  change(everyMs: number, capacity: number, now: number): void {
    this.#fill(now);
    this.#tokens += capacity - this.#capacity;
    this.#everyMs = everyMs;
    this.#capacity = capacity;
  }

  tokens(now: number): number {
    return Math.min(this.#capacity, this.#tokens + Math.max(0, now - this.#at) / this.#everyMs);
  }

  #fill(now: number): void {
    this.#tokens = this.tokens(now);
    // Never backwards: a moment that is lived through twice fills the bucket once.
    this.#at = Math.max(this.#at, now);
  }
}
