/** Knows when a breaker was half-open last: what began then was a probe, whenever it ends. */
export class ProbeTimes {
  #from = Number.POSITIVE_INFINITY;
  #to = Number.POSITIVE_INFINITY;

  halfOpened(at: number): void {
    this.#from = at;
    this.#to = Number.POSITIVE_INFINITY;
  }

  /** It opened or closed. */
  ended(at: number): void {
    this.#to = Math.min(this.#to, at);
  }

  isProbe(startedAt: number): boolean {
    return startedAt >= this.#from && startedAt <= this.#to;
  }
}
