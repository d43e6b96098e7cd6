/** The median of the last few values: one that is far out changes nothing. */
export class MovingMedian {
  readonly #size: number;
  readonly #values: number[] = [];

  /** @param size How many values, best an odd number; at least 1. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Takes in a value and answers the median with it; the value itself until there are `size` of them. */
  add(value: number): number {
    this.#values.push(value);
    if (this.#values.length < this.#size) return value;
    if (this.#values.length > this.#size) this.#values.shift();
    return this.#values.toSorted((a, b) => a - b)[Math.floor(this.#size / 2)] as number;
  }
}
