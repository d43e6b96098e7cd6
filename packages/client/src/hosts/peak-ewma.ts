/**
 * A latency that believes bad news at once and good news slowly: a longer one is taken as it is, a shorter one counts by
 * the time that has passed. What is not measured fades, so that a host nobody asks any more is asked again some day.
 * Source: twitter/finagle, `p2c/PeakEwma.scala`.
 */
export class PeakEwma {
  readonly #decayMs: number;
  #valueMs = 0;
  #at: number;

  /** @param decayMs After which a value counts 1/e, in milliseconds. */
  constructor(decayMs: number, now: number) {
    this.#decayMs = decayMs;
    this.#at = now;
  }

  /** The latency as it counts now, in milliseconds. */
  at(now: number): number {
    return this.#valueMs * this.#share(now);
  }

  /**
   * An attempt took that long, however it ended: next to the fading, a quick one changes nothing, so a host that fails at
   * once does not look quick for it.
   */
  add(ms: number, now: number): void {
    const share = this.#share(now);
    this.#valueMs = ms >= this.#valueMs ? ms : this.#valueMs * share + ms * (1 - share);
    this.#at = now;
  }

  /** Begins anew from a value. */
  set(ms: number, now: number): void {
    this.#valueMs = ms;
    this.#at = now;
  }

  #share(now: number): number {
    return now > this.#at ? Math.exp((this.#at - now) / this.#decayMs) : 1;
  }
}
