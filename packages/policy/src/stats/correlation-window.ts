/** Values that vary by less than this share of their mean say nothing about how they go together. */
const leastVariation = 0.01;

/** Whether two things go up and down together, over the last `size` pairs. */
export class CorrelationWindow {
  /** Pearson's coefficient, -1 to 1; 0 while there are too few pairs, or either side hardly varies. */
  correlation = 0;
  /** Standard deviation over mean of the second value; 0 while there are too few pairs. */
  variationOfY = 0;
  readonly #size: number;
  readonly #warmup: number;
  readonly #pairs: { readonly x: number; readonly y: number }[] = [];

  /** @param size Pairs that are kept, at least 2. @param warmup Pairs before which nothing is said. */
  constructor(size: number, warmup: number) {
    this.#size = size;
    this.#warmup = Math.max(warmup, 2);
  }

  /** Takes in a pair of finite numbers. Walks all pairs: running sums would drift, and this is asked once a second. */
  add(x: number, y: number): void {
    this.#pairs.push({ x, y });
    if (this.#pairs.length > this.#size) this.#pairs.shift();
    const count = this.#pairs.length;
    if (count < this.#warmup) return;
    let [meanX, meanY] = [0, 0];
    for (const pair of this.#pairs) {
      meanX += pair.x / count;
      meanY += pair.y / count;
    }
    let [squaresX, squaresY, products] = [0, 0, 0];
    for (const pair of this.#pairs) {
      squaresX += (pair.x - meanX) ** 2;
      squaresY += (pair.y - meanY) ** 2;
      products += (pair.x - meanX) * (pair.y - meanY);
    }
    this.variationOfY = variation(squaresY, count, meanY);
    const flat = Math.min(variation(squaresX, count, meanX), this.variationOfY) < leastVariation;
    // Numbers near the smallest there are lose their last digits; the answer stays a coefficient all the same.
    const exact = flat ? 0 : products / (Math.sqrt(squaresX) * Math.sqrt(squaresY));
    this.correlation = Math.min(Math.max(exact || 0, -1), 1);
  }
}

function variation(squares: number, count: number, mean: number): number {
  return mean === 0 ? 0 : Math.sqrt(squares / count) / Math.abs(mean);
}
