/**
 * An average that forgets: each value counts `2 / (age + 1)`, all before it the rest. The first `warmup` values count
 * alike, so that the very first one does not linger.
 */
export class Ewma {
  /** The average so far; 0 before the first value. */
  value = 0;
  readonly #weight: number;
  readonly #warmup: number;
  #count = 0;

  /** @param age How many values it remembers, roughly; at least 1. @param warmup A whole number, 0 or more. */
  constructor(age: number, warmup = 0) {
    this.#weight = 2 / (age + 1);
    this.#warmup = Math.max(warmup, 1);
  }

  /** Takes in a value, and answers the average with it. */
  add(value: number): number {
    let weight = this.#weight;
    if (this.#count < this.#warmup) weight = 1 / ++this.#count;
    this.value += (value - this.value) * weight;
    return this.value;
  }

  /** Moves the average itself, as if all that was averaged had been that much more or less. */
  scale(factor: number): void {
    this.value *= factor;
  }
}
